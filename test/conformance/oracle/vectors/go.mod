module oracle/vectors

go 1.24
