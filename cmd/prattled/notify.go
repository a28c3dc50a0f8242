package main

import (
	"net"
	"os"
)

// notify tells systemd how far we are (sd_notify(3)), if it has started us and wants
// to know.
func notify(state string) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	c, err := net.Dial("unixgram", name)
	if err != nil {
		return // it was a courtesy
	}
	defer c.Close()
	c.Write([]byte(state))
}
