package netns

import "fmt"

// Switch is the bridge of a namespace that was made a switch.
const Switch = "lan"

// MakeSwitch gives the namespace a switch into which cables can be plugged. It
// floods multicast, as most at home do, and is ready at once.
func (n *Namespace) MakeSwitch() error {
	return n.Configure("link add "+Switch+" type bridge stp_state 0 forward_delay 0 mcast_snooping 0", "link set "+Switch+" up")
}

// Plug runs a cable from a new device of the namespace, which stays down, into a new
// port of another's switch.
func (n *Namespace) Plug(device string, into *Namespace, port string) error {
	err := n.Configure(fmt.Sprintf("link add %s type veth peer name %s netns %s", device, port, into.Path()))
	if err != nil {
		return err
	}
	return into.Configure(fmt.Sprintf("link set %s master %s up", port, Switch))
}
