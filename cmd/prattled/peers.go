package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/skulltech/prattle/certs"
)

// maxPeers bounds a file of peer IDs, in bytes: a hundred thousand of them with as
// much comment.
const maxPeers = 16 << 20

// peerList is a set of peers.
type peerList map[certs.PeerID]struct{}

func (l peerList) has(p certs.PeerID) bool {
	_, ok := l[p]
	return ok
}

// loadPeers reads a file of peer IDs; nil if none is named.
func loadPeers(path string) (peerList, error) {
	if path == "" {
		return nil, nil
	}
	data, err := readFile(path, maxPeers)
	if err != nil {
		return nil, &configError{fmt.Errorf("read peer IDs: %w", err), ""}
	}
	l, err := parsePeers(data)
	if err != nil {
		return nil, &configError{fmt.Errorf("%s:%w", path, err), "one peer ID in a line, as `prattle identity show` prints it; # begins a comment"}
	}
	return l, nil
}

// parsePeers reads peer IDs, one in a line; # begins a comment. Its error begins with
// the line.
func parsePeers(data []byte) (peerList, error) {
	l := make(peerList)
	n := 0
	for line := range bytes.Lines(data) {
		n++
		text, _, _ := strings.Cut(string(line), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		id, err := certs.ParsePeerID(text)
		if err != nil {
			return nil, fmt.Errorf("%d: %w", n, err)
		}
		l[id] = struct{}{}
	}
	return l, nil
}

// whom is who is served: those who are allowed, or everybody if there is no such
// list, but for those who are blocked.
func whom(allow, block peerList) func(certs.PeerID) bool {
	return func(p certs.PeerID) bool { return (allow == nil || allow.has(p)) && !block.has(p) }
}

// loadWhom reads the two files.
func loadWhom(s *settings) (func(certs.PeerID) bool, error) {
	allow, err := loadPeers(s.allow)
	if err != nil {
		return nil, err
	}
	block, err := loadPeers(s.block)
	if err != nil {
		return nil, err
	}
	return whom(allow, block), nil
}
