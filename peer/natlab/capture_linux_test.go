package natlab

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/skulltech/prattle/peer/netns"
)

// A capture is all that goes over the devices of a host, both ways.
type capture struct {
	fd      int
	end     func() // once
	reading sync.WaitGroup
	bytes   []byte // owned by routineRead until it has ended
	packets int
}

// captureAt begins to capture at a host.
func captureAt(t testing.TB, h *HostNode) *capture {
	t.Helper()
	c := new(capture)
	const everything = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8 // in network byte order
	err := h.Do(func() (err error) {
		c.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, everything)
		return err
	})
	if err == nil {
		err = unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 200_000})
	}
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	c.end = sync.OnceFunc(func() {
		close(stop)
		c.reading.Wait()
		unix.Close(c.fd)
	})
	t.Cleanup(c.end)
	c.reading.Go(func() { c.routineRead(stop) })
	return c
}

// routineRead reads until there is nothing to read after stop was closed.
func (c *capture) routineRead(stop <-chan struct{}) {
	for buf := make([]byte, 64<<10); ; {
		n, err := unix.Read(c.fd, buf)
		if err == nil {
			c.bytes = append(c.bytes, buf[:n]...)
			c.packets++
			continue
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

// stop ends the capture and returns its bytes.
func (c *capture) stop() []byte {
	c.end()
	return c.bytes
}

// memory is what a process has in its memory now, without the text of its program.
func memory(pid int) ([]byte, error) {
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, err
	}
	defer maps.Close()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, err
	}
	defer mem.Close()
	var all bytes.Buffer
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to uint64
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &mode); err != nil {
			return nil, err
		}
		if !strings.HasPrefix(mode, "rw") {
			continue
		}
		// Pages that were never touched cannot be read everywhere.
		_, err := io.Copy(&all, io.NewSectionReader(mem, int64(from), int64(to-from)))
		if err != nil && !errors.Is(err, unix.EIO) && !errors.Is(err, unix.EFAULT) {
			return nil, err
		}
	}
	return all.Bytes(), nil
}

// A secret is something that nobody but the two sides of a call may see.
type secret struct {
	name  string
	bytes []byte
}

// hits counts in how many places of a haystack secrets are.
func hits(haystack []byte, secrets []secret) (count int, found []string) {
	for _, s := range secrets {
		if n := bytes.Count(haystack, s.bytes); n > 0 {
			count += n
			found = append(found, s.name)
		}
	}
	return count, found
}

func TestWhatIsSearchedForIsFound(t *testing.T) {
	l := openLab(t, site(Router{Kind: FullCone}))
	wire := captureAt(t, l.Host("server"))
	client, server := listen(t, l, "client", 0), listen(t, l, "server", 0)
	const needle = "a needle in a haystack"
	client.send(server.addr(), needle)
	server.receive()
	stdin, typing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer typing.Close()
	p, err := l.Host("client").Start(t.Context(), netns.Command{
		Name: "shell", Await: "ready", Env: []string{"NEEDLE=" + needle}, Stdin: stdin,
		Args: []string{"sh", "-c", "echo ready >&2; read line"},
	})
	stdin.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	if err := p.Await(t.Context()); err != nil {
		t.Fatal(err)
	}
	mem, err := memory(p.PID())
	if err != nil {
		t.Fatal(err)
	}
	wanted := []secret{{"the needle", []byte(needle)}, {"another", []byte("no such thing")}}
	for where, haystack := range map[string][]byte{"the wire": wire.stop(), "the memory": mem} {
		if n, found := hits(haystack, wanted); n == 0 || len(found) != 1 {
			t.Errorf("in %s, %d hits: %v", where, n, found)
		}
	}
}
