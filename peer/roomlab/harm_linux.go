package roomlab

import (
	"fmt"
	"strings"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer/netns"
)

// Part cuts the cables inside the switch between some hosts and all others, until
// Heal.
func (l *LAN) Part(some ...*Host) error {
	var ports []string
	for _, h := range some {
		ports = append(ports, h.port)
	}
	these := strings.Join(ports, ", ")
	return l.hub.Filter(fmt.Sprintf(`table bridge parted {
	chain forward {
		type filter hook forward priority filter
		iifname { %[1]s } oifname != { %[1]s } drop
		iifname != { %[1]s } oifname { %[1]s } drop
	}
}`, these))
}

// Heal undoes Part.
func (l *LAN) Heal() error { return l.hub.Filter("delete table bridge parted") }

// SwallowMulticast makes the switch one that passes on no multicast DNS, as the access
// points of many offices do not.
func (l *LAN) SwallowMulticast() error {
	return l.hub.Filter(`table bridge swallowed {
	chain forward {
		type filter hook forward priority filter
		ip daddr 224.0.0.251 drop
		ip6 daddr ff02::fb drop
	}
}`)
}

// Thin makes the host's line to the switch one of that rate, each way, with that loss
// of UDP, and a queue in which packets wait for up to a fifth of a second.
func (h *Host) Thin(rate media.Bitrate, loss float64) error {
	const queue, burst = 200 * time.Millisecond, 3000 // burst is in bytes: two packets
	for _, end := range []struct {
		*netns.Namespace
		device string
	}{{h.Namespace, cable}, {h.lan.hub, h.port}} {
		// Packets of a batch share no fate.
		err := end.Configure(fmt.Sprintf("link set %s gso_max_segs 1", end.device))
		if err == nil {
			_, err = end.Run("", "tc", "qdisc", "add", "dev", end.device, "root", "tbf",
				"rate", fmt.Sprintf("%dbit", rate), "burst", fmt.Sprint(burst), "latency", queue.String())
		}
		if err == nil {
			err = end.Filter(fmt.Sprintf(`table netdev thin {
	chain %[1]s {
		type filter hook ingress device "%[1]s" priority filter
		meta l4proto udp numgen random mod 1000 < %[2]d drop
	}
}`, end.device, int(loss*1000)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
