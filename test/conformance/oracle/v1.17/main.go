// Command oracle decides flows with Cilium 1.17's own policy engine: decode, Parse, repository, GetSelectorPolicy,
// DistillPolicy, Lookup. Identities are given directly; there is no ipcache, no agent and no datapath.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/cilium/cilium/pkg/fqdn/re"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	"github.com/cilium/cilium/pkg/k8s"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	slim_networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/logging"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/spanstat"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/sirupsen/logrus"

	"oracle/vectors"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func configure(header vectors.Header, s vectors.Settings) {
	option.Config.EnableL7Proxy = true
	option.Config.EnableICMPRules = true
	option.Config.EnableIPv4 = true
	option.Config.EnableIPv6 = s.DualStack
	option.Config.EnableNonDefaultDenyPolicies = s.NonDefaultDeny == nil || *s.NonDefaultDeny
	option.Config.EnableNodeSelectorLabels = s.NodeSelectors
	option.Config.EnableHostFirewall = s.HostFirewall
	option.Config.AllowLocalhost = option.AllowLocalhostAlways
	if s.AllowLocalhost == "policy" {
		option.Config.AllowLocalhost = option.AllowLocalhostPolicy
	}
	mode := option.DefaultEnforcement
	if s.EnablePolicy != "" {
		mode = s.EnablePolicy
	}
	policy.SetPolicyEnabled(mode)
	api.InitEntities(header.ClusterName)
}

type noMetrics struct{}

func (noMetrics) AddRule(api.Rule) {}
func (noMetrics) DelRule(api.Rule) {}

type noNames struct{}

func (noNames) RegisterFQDNSelector(api.FQDNSelector)   {}
func (noNames) UnregisterFQDNSelector(api.FQDNSelector) {}

type noCertificates struct{}

func (noCertificates) GetTLSContext(context.Context, *api.TLSContext, string) (string, string, string, bool, error) {
	return "ca", "public", "private", true, nil
}

// owner is an endpoint without a datapath.
type owner struct {
	id    uint64
	host  bool
	ports map[string]uint16
}

func (o owner) GetID() uint64                                              { return o.id }
func (o owner) GetNamedPort(_ bool, name string, _ u8proto.U8proto) uint16 { return o.ports[name] }
func (o owner) PolicyDebug(logrus.Fields, string)                          {}
func (o owner) IsHost() bool                                               { return o.host }
func (o owner) MapStateSize() int                                          { return 0 }

type stats struct{ a, b spanstat.SpanStat }

func (s *stats) WaitingForPolicyRepository() *spanstat.SpanStat { return &s.a }
func (s *stats) PolicyCalculation() *spanstat.SpanStat          { return &s.b }

// parse turns one object into entries, as the agent's watchers do.
func parse(raw json.RawMessage) (entries api.Rules, id ipcachetypes.ResourceID, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	var meta vectors.Meta
	if err := json.Unmarshal(raw, &meta); err != nil {
		return nil, "", fmt.Errorf("decode: %w", err)
	}
	id = ipcachetypes.NewResourceID(ipcachetypes.ResourceKind(meta.Kind), meta.Metadata.Namespace, meta.Metadata.Name)
	switch meta.Kind {
	case "NetworkPolicy":
		var object slim_networkingv1.NetworkPolicy
		if err := json.Unmarshal(raw, &object); err != nil {
			return nil, id, fmt.Errorf("decode: %w", err)
		}
		entries, err = k8s.ParseNetworkPolicy(&object)
		return entries, id, err
	case "CiliumClusterwideNetworkPolicy":
		var object v2.CiliumClusterwideNetworkPolicy
		if err := json.Unmarshal(raw, &object); err != nil {
			return nil, id, fmt.Errorf("decode: %w", err)
		}
		entries, err = object.Parse()
		return entries, id, err
	default:
		var object v2.CiliumNetworkPolicy
		if err := json.Unmarshal(raw, &object); err != nil {
			return nil, id, fmt.Errorf("decode: %w", err)
		}
		entries, err = object.Parse()
		return entries, id, err
	}
}

var reserved = map[string]identity.NumericIdentity{
	"reserved:world":       identity.ReservedIdentityWorld,
	"reserved:world-ipv4":  identity.ReservedIdentityWorldIPv4,
	"reserved:world-ipv6":  identity.ReservedIdentityWorldIPv6,
	"reserved:health":      identity.ReservedIdentityHealth,
	"reserved:init":        identity.ReservedIdentityInit,
	"reserved:unmanaged":   identity.ReservedIdentityUnmanaged,
	"reserved:remote-node": identity.ReservedIdentityRemoteNode,
	"reserved:ingress":     identity.ReservedIdentityIngress,
}

// identities numbers the header's identities. At most one can be the host: `host` says which.
func identities(header vectors.Header, dualStack bool, host string) (map[string]*identity.Identity, error) {
	out := map[string]*identity.Identity{}
	names := make([]string, 0, len(header.Identities))
	for name := range header.Identities {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		texts := header.Identities[name]
		isHost := slices.Contains(texts, "reserved:host")
		if isHost && name != host {
			continue
		}
		plain, prefixes, err := vectors.Labels(texts, dualStack)
		if err != nil {
			return nil, err
		}
		set := labels.NewLabelsFromModel(plain)
		for _, prefix := range prefixes {
			set.MergeLabels(labels.GetCIDRLabels(prefix))
		}
		id := identity.NumericIdentity(1000 + i)
		if number, known := reserved[strings.Join(texts, " ")]; known {
			id = number
		}
		if isHost {
			id = identity.ReservedIdentityHost
		}
		out[name] = identity.NewIdentity(id, set)
	}
	return out, nil
}

// engine is a repository with one subject policy per identity.
type engine struct {
	header   vectors.Header
	repo     *policy.Repository
	manager  identitymanager.IDManager
	ids      map[string]*identity.Identity
	resolved map[string]*policy.EndpointPolicy
}

func newEngine(header vectors.Header, s vectors.Scenario, parsed map[int]parsedPolicy, host string) (*engine, error) {
	ids, err := identities(header, s.Settings.DualStack, host)
	if err != nil {
		return nil, err
	}
	manager := identitymanager.NewIDManager()
	repo := policy.NewPolicyRepository(nil, noCertificates{}, nil, manager, noMetrics{})
	all := identity.IdentityMap{}
	for _, id := range ids {
		all[id.ID] = id.LabelArray
	}
	repo.GetSelectorCache().SetLocalIdentityNotifier(noNames{})
	var wg sync.WaitGroup
	repo.GetSelectorCache().UpdateIdentities(all, nil, &wg)
	wg.Wait()
	for i := range s.Policies {
		if p, ok := parsed[i]; ok {
			repo.ReplaceByResource(p.entries, p.id)
		}
	}
	return &engine{header, repo, manager, ids, map[string]*policy.EndpointPolicy{}}, nil
}

// policyOf is nil when the engine cannot compute the subject's policy.
func (e *engine) policyOf(name string) *policy.EndpointPolicy {
	if done, ok := e.resolved[name]; ok {
		return done
	}
	subject := e.ids[name]
	e.manager.Add(subject)
	const endpoint = 42
	selected, _, err := e.repo.GetSelectorPolicy(subject, 0, &stats{})
	if err != nil {
		e.resolved[name] = nil
		return nil
	}
	redirects := map[string]uint16{}
	own := owner{endpoint, subject.ID == identity.ReservedIdentityHost, e.header.NamedPorts}
	for filter, perSelector := range selected.RedirectFilters() {
		port := filter.Port
		if port == 0 && filter.PortName != "" {
			port = own.GetNamedPort(filter.Ingress, filter.PortName, filter.U8Proto)
		}
		redirects[policy.ProxyID(endpoint, filter.Ingress, string(filter.Protocol), port, perSelector.GetListener())] = 15000
	}
	distilled := selected.DistillPolicy(own, redirects)
	distilled.Ready()
	e.resolved[name] = distilled
	return distilled
}

func (e *engine) decide(flow vectors.Flow) (verdict string, err error) {
	defer func() {
		if r := recover(); r != nil {
			verdict, err = vectors.Crashed, nil
		}
	}()
	peer, ok := e.ids[flow.Peer]
	if !ok || e.ids[flow.Subject] == nil {
		return "", fmt.Errorf("flow names an unknown identity: %s %s", flow.Subject, flow.Peer)
	}
	proto, err := u8proto.ParseProtocol(flow.Protocol)
	if err != nil {
		return "", err
	}
	distilled := e.policyOf(flow.Subject)
	if distilled == nil {
		return vectors.Broken, nil
	}
	key := policy.EgressKey()
	if flow.Ingress {
		key = policy.IngressKey()
	}
	entry, found := lookup(distilled, key.WithIdentity(peer.ID).WithPortProto(proto, flow.Port))
	switch {
	case !found:
		return vectors.Default, nil
	case entry.IsDeny():
		return vectors.Deny, nil
	case entry.IsRedirectEntry():
		return vectors.L7, nil
	default:
		return vectors.Allow, nil
	}
}

type parsedPolicy struct {
	entries api.Rules
	id      ipcachetypes.ResourceID
}

func answer(header vectors.Header, s vectors.Scenario) (vectors.Answer, error) {
	configure(header, s.Settings)
	out := vectors.Answer{ID: s.ID}
	parsed := map[int]parsedPolicy{}
	for i, raw := range s.Policies {
		entries, id, err := parse(raw)
		if err != nil {
			out.Invalid = append(out.Invalid, vectors.Invalid{Policy: i, Error: err.Error()})
			continue
		}
		parsed[i] = parsedPolicy{entries, id}
	}
	engines := map[string]*engine{}
	for _, flow := range s.Flows {
		host := ""
		for _, end := range []string{flow.Subject, flow.Peer} {
			if slices.Contains(header.Identities[end], "reserved:host") {
				host = end
			}
		}
		e, ok := engines[host]
		if !ok {
			var err error
			if e, err = newEngine(header, s, parsed, host); err != nil {
				return out, err
			}
			engines[host] = e
		}
		verdict, err := e.decide(flow)
		if err != nil {
			return out, err
		}
		out.Verdicts = append(out.Verdicts, verdict)
	}
	return out, nil
}

func main() {
	logging.SetLogLevel(logrus.PanicLevel)
	if err := re.InitRegexCompileLRU(1024); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := vectors.Run(os.Stdin, os.Stdout, answer); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
