package main

import (
	"github.com/cilium/cilium/pkg/policy"
)

// lookup repeats what the datapath does with the entries, because 1.17 keeps its own Lookup to itself: the longest match for
// the peer and the longest for everybody, a deny first, then the higher proxy priority, then the longer match.
func lookup(p *policy.EndpointPolicy, key policy.Key) (policy.MapStateEntry, bool) {
	var best [2]policy.MapStateEntry
	var bits [2]uint
	var have [2]bool
	for k, entry := range p.Entries() {
		slot := 0
		if k.Identity == 0 {
			slot = 1
		} else if k.Identity != key.Identity {
			continue
		}
		if !k.PortProtoIsBroader(key) && !k.PortProtoIsEqual(key) || k.TrafficDirection() != key.TrafficDirection() {
			continue
		}
		if !have[slot] || k.PrefixLength() > bits[slot] {
			best[slot], bits[slot], have[slot] = entry, k.PrefixLength(), true
		}
	}
	peer, everybody := best[0], best[1]
	switch {
	case !have[0]:
		return everybody, have[1]
	case !have[1], peer.IsDeny():
		return peer, true
	case everybody.IsDeny(), everybody.ProxyPortPriority > peer.ProxyPortPriority:
		return everybody, true
	case peer.ProxyPortPriority == everybody.ProxyPortPriority && bits[1] > bits[0]:
		return everybody, true
	default:
		return peer, true
	}
}
