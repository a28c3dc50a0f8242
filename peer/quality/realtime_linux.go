package quality

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer/netns"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// Ports of the callees: of the call that is measured, and of its rival.
const (
	calleePort = 7728
	rivalPort  = 7729
)

// realtime runs a row in real time between processes of a program, which leave
// their files in dirs of their own below dir.
type realtime struct {
	row     *Row
	length  time.Duration
	program string
	dir     string
	seed    uint64

	line *line
	mu   sync.Mutex
	seen []passed
}

// grace is how long a call may take to begin and to end.
const grace = 20 * time.Second

var errSlow = errors.New("the call has neither begun nor ended in time")

// run makes the call and returns what it left.
func (x *realtime) run(ctx context.Context) (_ *Recording, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, x.length+grace, errSlow)
	defer cancel()
	if x.line, err = openLine(x.row.Link, x.seed, x.watch); err != nil {
		return nil, err
	}
	defer func() {
		if e := x.line.close(); err == nil {
			err = e
		}
	}()
	first, err := x.call(ctx, "first", calleePort)
	if err != nil {
		return nil, err
	}
	calls := []*conversation{first}
	defer func() {
		for _, c := range calls {
			c.stop()
		}
	}()
	if x.row.Rival == SecondCall {
		second, err := x.call(ctx, "second", rivalPort)
		if err != nil {
			return nil, err
		}
		calls = append(calls, second)
	}
	before, known := netns.ProcessorWaits()
	changed, err := x.during(ctx, first)
	if err != nil {
		return nil, err
	}
	after, _ := netns.ProcessorWaits()
	for _, c := range calls {
		if err := c.wait(); err != nil {
			return nil, err
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	r, err := first.recording(x.row, x.length, changed, x.seen)
	if err == nil && known {
		r.Crowded = (after - before).Seconds() / x.length.Seconds()
	}
	return r, err
}

// watch keeps the passage of a packet. It is called by the line.
func (x *realtime) watch(p quictest.Passage, data []byte) {
	protocol, port := destination(data)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.seen = append(x.seen, passed{p, protocol == unix.IPPROTO_TCP || port == rivalPort})
}

// during does what the row wants to happen while the call c lasts, and says when
// the link changed.
func (x *realtime) during(ctx context.Context, c *conversation) (changed []time.Time, err error) {
	began := time.Now()
	for _, change := range x.row.Changes {
		if err := c.lasts(ctx, began.Add(change.At)); err != nil {
			return nil, err
		}
		changed = append(changed, time.Now())
		x.line.Change(change.Link)
	}
	if x.row.Rival == TCPDownload {
		if err := c.lasts(ctx, began.Add(rivalStart)); err != nil {
			return nil, err
		}
		download, err := startCubic(ctx, x.line)
		if err != nil {
			return nil, err
		}
		defer download.close()
	}
	return changed, c.lasts(ctx, began.Add(x.length))
}

// conversation is one call and its two processes.
type conversation struct {
	leftovers
	caller, callee *netns.Process
}

// call starts both processes and returns when they are connected.
func (x *realtime) call(ctx context.Context, name string, port uint16) (*conversation, error) {
	c := &conversation{leftovers: leftovers{x.dir + "/" + name}}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, err
	}
	for _, who := range []string{caller, callee} {
		if _, err := certs.Create(c.identity(who), nil); err != nil {
			return nil, err
		}
	}
	addr := netip.AddrPortFrom(x.line.far.addr, port).String()
	var err error
	c.callee, err = x.start(ctx, c, x.line.far, callee, "listening on ",
		"listen", "--listen", addr, "--answer", "all", "--once", "--video", "none",
		"--view", "file:"+c.view(), "--view-size", fmt.Sprintf("%dx%d", viewWidth, viewHeight),
		"--speaker", "file:"+c.sound())
	if err != nil {
		return nil, err
	}
	if err = c.callee.Await(ctx); err == nil {
		c.caller, err = x.start(ctx, c, x.line.near, caller, "connected with ",
			"call", addr, "--video", "test", "--view", "none", "--speaker", "none",
			"--duration", x.length.String(), "--max-up", strconv.FormatInt(int64(x.row.maxUp()), 10))
	}
	if err == nil {
		err = c.caller.Await(ctx)
	}
	if err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

// start runs one side of the call c, which is ready when it says await.
func (x *realtime) start(ctx context.Context, c *conversation, at *end, who, await string, args ...string) (*netns.Process, error) {
	return at.Start(ctx, netns.Command{
		Name: who, Await: await,
		Home: os.TempDir() + "/prattle-quality-nowhere",
		Args: slices.Concat([]string{x.program}, args, c.flags(who)),
	})
}

// flags are those that both sides have.
func (c *conversation) flags(who string) []string {
	return []string{"--identity", c.identity(who), "--name", who, "--trace", c.trace(who), "--audio", "tone", "--json"}
}

// lasts waits until a time of the call; an error if the call does not last.
func (c *conversation) lasts(ctx context.Context, until time.Time) error {
	select {
	case <-time.After(time.Until(until)):
		return nil
	case <-c.caller.Exited():
		if time.Until(until) < time.Second { // it hangs up by itself at its end
			return c.caller.Wait()
		}
		return fmt.Errorf("the call ended early: %w", c.caller.Wait())
	case <-ctx.Done():
		return fmt.Errorf("during the call: %w", context.Cause(ctx))
	}
}

// wait returns when both processes have ended by themselves.
func (c *conversation) wait() error {
	if err := c.caller.Wait(); err != nil {
		return err
	}
	return c.callee.Wait()
}

// stop ends both processes if they have not.
func (c *conversation) stop() {
	for _, p := range []*netns.Process{c.caller, c.callee} {
		if p != nil {
			p.Stop()
		}
	}
}
