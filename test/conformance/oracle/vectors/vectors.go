// Package vectors reads scenarios and writes the engine's answers, one JSON object per line. It knows nothing of Cilium, so
// that every minor's oracle shares it.
package vectors

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// Header is the first line: the identities that flows name, and what every endpoint calls its ports.
type Header struct {
	Header      string              `json:"header"`
	ClusterName string              `json:"clusterName"`
	Identities  map[string][]string `json:"identities"`
	NamedPorts  map[string]uint16   `json:"namedPortsOfEverySubject"`
}

// Settings are the agent's settings that differ from the default.
type Settings struct {
	EnablePolicy   string `json:"enablePolicy"`
	AllowLocalhost string `json:"allowLocalhost"`
	NonDefaultDeny *bool  `json:"nonDefaultDeny"`
	AnyCluster     bool   `json:"anyCluster"`
	LocalCluster   bool   `json:"localCluster"`
	DualStack      bool   `json:"v6"`
	NodeSelectors  bool   `json:"nodeSel"`
	HostFirewall   bool   `json:"hostFW"`
	ExtendedProtos bool   `json:"extIP"`
}

// Flow is [direction, subject, peer, protocol, port or ICMP type, …].
type Flow struct {
	Ingress  bool
	Subject  string
	Peer     string
	Protocol string
	Port     uint16
}

// UnmarshalJSON reads the tuple; what follows the port is ignored.
func (f *Flow) UnmarshalJSON(data []byte) error {
	var direction string
	tuple := []any{&direction, &f.Subject, &f.Peer, &f.Protocol, &f.Port}
	if err := json.Unmarshal(data, &tuple); err != nil {
		return err
	}
	f.Ingress = direction == "ingress"
	return nil
}

// Scenario is one line: policies and the flows to decide under them.
type Scenario struct {
	ID       string            `json:"id"`
	Settings Settings          `json:"settings"`
	Policies []json.RawMessage `json:"policies"`
	Flows    []Flow            `json:"flows"`
}

// Invalid says which policy the engine refused.
type Invalid struct {
	Policy int    `json:"policy"`
	Error  string `json:"error"`
}

// Answer is what the engine said: one verdict per flow, in order.
type Answer struct {
	ID       string    `json:"id"`
	Invalid  []Invalid `json:"invalid,omitempty"`
	Verdicts []string  `json:"verdicts"`
}

// Verdicts. Broken: the engine refuses to compute the subject's policy. Crashed: it panicked, so it has no answer.
const (
	Allow   = "ALLOW"
	L7      = "L7"
	Deny    = "DENY"
	Default = "DEFAULT"
	Broken  = "BROKEN"
	Crashed = "CRASHED"
)

// Meta is the part of an object that names it.
type Meta struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
}

// Labels expands `cidr:P` into the prefix's label and the world label of its family.
func Labels(labels []string, dualStack bool) ([]string, []netip.Prefix, error) {
	var plain []string
	var prefixes []netip.Prefix
	for _, label := range labels {
		text, isCIDR := strings.CutPrefix(label, "cidr:")
		if !isCIDR {
			plain = append(plain, label)
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, nil, err
		}
		prefixes = append(prefixes, prefix)
	}
	return plain, prefixes, nil
}

// Run reads a header and scenarios from in and writes an answer per scenario to out.
func Run(in io.Reader, out io.Writer, answer func(Header, Scenario) (Answer, error)) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, 0, 1<<20), 1<<30)
	encoder := json.NewEncoder(out)
	var header Header
	for line := 1; scanner.Scan(); line++ {
		if line == 1 {
			if err := json.Unmarshal(scanner.Bytes(), &header); err != nil {
				return fmt.Errorf("line 1: %w", err)
			}
			continue
		}
		var scenario Scenario
		if err := json.Unmarshal(scanner.Bytes(), &scenario); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		result, err := answer(header, scenario)
		if err != nil {
			return fmt.Errorf("line %d: scenario %s: %w", line, scenario.ID, err)
		}
		if err := encoder.Encode(result); err != nil {
			return err
		}
	}
	return scanner.Err()
}
