package main

import (
	"net/netip"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// netReportJSON is a report as `prattle netcheck --json` prints it. What was not
// found out is left away.
type netReportJSON struct {
	Addresses   []netip.Addr       `json:"addresses"`
	UDP         bool               `json:"udp"`
	IPv4        bool               `json:"ipv4"`
	IPv6        bool               `json:"ipv6"`
	NAT         natJSON            `json:"nat"`
	MTU         int                `json:"mtu,omitempty"`
	PortMapping *portMappingJSON   `json:"port_mapping,omitempty"`
	Rendezvous  []meetingPointJSON `json:"rendezvous,omitempty"`
	Servers     []serverReportJSON `json:"servers"`
	Problems    []string           `json:"problems,omitempty"`
}

type natJSON struct {
	Mapping   string           `json:"mapping"`
	Filtering string           `json:"filtering"`
	SeenAs    []netip.AddrPort `json:"seen_as,omitempty"`
}

type portMappingJSON struct {
	Protocol string     `json:"protocol"`
	Address  netip.Addr `json:"address"`
}

type serverReportJSON struct {
	Server    string         `json:"server"`
	Relay     bool           `json:"relay"`
	Transport string         `json:"transport"`
	Address   netip.AddrPort `json:"address"`
	OK        bool           `json:"ok"`
	RTT       float64        `json:"rtt_ms,omitempty"`
	MinRTT    float64        `json:"rtt_min_ms,omitempty"`
	MaxRTT    float64        `json:"rtt_max_ms,omitempty"`
	Loss      *float64       `json:"loss,omitempty"` // 0 to 1
	MTU       int            `json:"mtu,omitempty"`
	Ready     float64        `json:"ready_ms,omitempty"` // until the relay could be used
	Error     string         `json:"error,omitempty"`
}

func newNetReportJSON(r *quicproto.NetReport, points []meetingPoint) netReportJSON {
	j := netReportJSON{
		Addresses: append([]netip.Addr{}, r.Addrs...),
		UDP:       r.UDP, IPv4: r.IPv4, IPv6: r.IPv6,
		NAT:     natJSON{r.NAT.Mapping.String(), r.NAT.Filtering.String(), r.NAT.SeenAs},
		MTU:     r.MTU(),
		Servers: []serverReportJSON{},
	}
	if r.PortMapping != "" {
		j.PortMapping = &portMappingJSON{r.PortMapping, r.External.Addr()}
	}
	for _, err := range r.Problems {
		j.Problems = append(j.Problems, media.CleanText(err.Error(), 200))
	}
	for i := range points {
		j.Rendezvous = append(j.Rendezvous, points[i].json())
	}
	for i := range r.Servers {
		j.Servers = append(j.Servers, newServerReportJSON(&r.Servers[i]))
	}
	return j
}

func newServerReportJSON(s *quicproto.ServerReport) serverReportJSON {
	j := serverReportJSON{
		Server: s.Server, Relay: s.Relay, Transport: s.Transport, Address: s.Addr, OK: s.Err == nil,
		RTT: milliseconds(s.RTT), MinRTT: milliseconds(s.MinRTT), MaxRTT: milliseconds(s.MaxRTT),
		MTU: s.MTU, Ready: milliseconds(s.Ready),
	}
	if s.Sent > 0 {
		loss := float64(s.Sent-s.Received) / float64(s.Sent)
		j.Loss = &loss
	}
	if s.Err != nil {
		j.Error = media.CleanText(s.Err.Error(), 200)
	}
	return j
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
