package quicproto

import (
	"context"
	"time"
)

const (
	// pollInterval is how late a change of network is seen where the system does
	// not tell of it.
	pollInterval = 1 * time.Second
	// settleTime gathers what a change consists of: an address comes with routes,
	// and each is told of on its own.
	settleTime = 10 * time.Millisecond
)

// watchNetwork calls changed whenever addresses or routes of this machine may have
// changed, until ctx ends.
func watchNetwork(ctx context.Context, changed func()) {
	if err := watchKernel(ctx, changed); err != nil {
		pollNetwork(ctx, changed)
	}
}

// pollNetwork says each second that something may have changed.
func pollNetwork(ctx context.Context, changed func()) {
	t := time.NewTicker(pollInterval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			changed()
		}
	}
}
