package main

import (
	"fmt"
	"os/exec"

	"github.com/skulltech/prattle/peer/netns"
)

// openDemoLAN makes machines in one local network: namespaces with a cable to a
// switch each. All of it is gone when it is closed, and when this program ends.
func openDemoLAN(machines int) (*demoLAN, error) {
	hub, err := netns.Open()
	if err != nil {
		return nil, err
	}
	lan := &demoLAN{close: hub.Close}
	err = hub.MakeSwitch()
	for i := range machines {
		if err == nil {
			err = lan.plugIn(hub, i)
		}
	}
	if err != nil {
		lan.close()
		return nil, err
	}
	return lan, nil
}

// plugIn adds a machine.
func (lan *demoLAN) plugIn(hub *netns.Namespace, i int) error {
	n, err := netns.Open()
	if err != nil {
		return err
	}
	before := lan.close
	lan.close = func() { n.Close(); before() }
	lan.launch = append(lan.launch, func(c *exec.Cmd) error { return n.Do(c.Start) })
	if err := n.Plug("eth0", hub, fmt.Sprintf("port%d", i)); err != nil {
		return err
	}
	return n.Configure(fmt.Sprintf("address add 10.77.28.%d/24 dev eth0", i+1), "link set eth0 up")
}
