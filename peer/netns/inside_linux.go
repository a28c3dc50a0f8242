package netns

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Run runs a program inside the namespace to its end and returns what it says on
// stdout.
func (n *Namespace) Run(stdin, program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := n.Do(cmd.Run); err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, stderr.Bytes())
	}
	return stdout.String(), nil
}

// Configure lets ip do what the lines say, inside the namespace.
func (n *Namespace) Configure(lines ...string) error {
	_, err := n.Run(strings.Join(lines, "\n")+"\n", "ip", "-batch", "-")
	return err
}

// Filter lets nft do what the script says, inside the namespace.
func (n *Namespace) Filter(script string) error {
	_, err := n.Run(script, "nft", "-f", "-")
	return err
}

// Set changes settings of the kernel for the namespace, such as
// net/ipv4/ip_forward=1.
func (n *Namespace) Set(settings ...string) error {
	return n.Do(func() error {
		for _, s := range settings {
			name, value, _ := strings.Cut(s, "=")
			if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0o644); err != nil {
				return err
			}
		}
		return nil
	})
}

// Resting are settings of a node that has its addresses from nobody but us, and at
// once.
var Resting = []string{
	"net/ipv6/conf/all/accept_dad=0", "net/ipv6/conf/default/accept_dad=0",
	"net/ipv6/conf/all/accept_ra=0", "net/ipv6/conf/default/accept_ra=0",
}
