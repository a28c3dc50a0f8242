package relay

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	serverCPU = 1
	clientCPU = 0
)

// TestThroughput measures our relay and coturn in turns, each on a core of its own,
// with the same client on the other core.
func TestThroughput(t *testing.T) {
	if !*measure {
		t.Skip("a measurement: go test ./quicproto/relay -run Throughput -v -args -measure")
	}
	coturn, err := exec.LookPath("turnserver")
	if err != nil {
		t.Skip("turnserver (coturn) is not installed")
	}
	if runtime.NumCPU() < 2 {
		t.Skip("two cores are needed")
	}
	unpin := pinProcess(t, clientCPU)
	defer unpin()
	servers := []measuredServer{
		{name: "prattle", address: freeAddress(t), command: ourselves},
		{name: "coturn", address: freeAddress(t), command: func(addr netip.AddrPort) *exec.Cmd { return coturnCommand(coturn, addr) }},
	}
	base := direct(t)
	t.Logf("direct: p50 %v p99 %v", base.p50, base.p99)
	results := map[string][]figures{}
	for range *rounds {
		for _, s := range servers {
			measured := s.measure(t)
			for _, kind := range kinds {
				t.Logf("%-8s %-14s %v", s.name, kind, measured[kind])
				key := s.name + " " + kind
				results[key] = append(results[key], measured[kind])
			}
		}
	}
	report(t, results)
}

// report prints medians, spreads and ratios.
func report(t *testing.T, results map[string][]figures) {
	t.Helper()
	for _, kind := range kinds {
		ours, theirs := results["prattle "+kind], results["coturn "+kind]
		if kind == "moderate" {
			t.Logf("%-18s p50 %v, coturn %v; p99 %v, coturn %v (medians)", kind,
				median(ours, func(f figures) float64 { return f.p50.Seconds() * 1e6 }),
				median(theirs, func(f figures) float64 { return f.p50.Seconds() * 1e6 }),
				median(ours, func(f figures) float64 { return f.p99.Seconds() * 1e6 }),
				median(theirs, func(f figures) float64 { return f.p99.Seconds() * 1e6 }))
			continue
		}
		rate := func(f figures) float64 { return f.rate }
		perCPU := func(f figures) float64 { return f.perCPU }
		a, b := median(ours, rate), median(theirs, rate)
		c, d := median(ours, perCPU), median(theirs, perCPU)
		t.Logf("%-18s packets/s %v, coturn %v: %.2f times; per CPU second %v, coturn %v: %.2f times", kind,
			a, b, a.mid/b.mid, c, d, c.mid/d.mid)
	}
}

// spread is a median with the least and the greatest.
type spread struct{ low, mid, high float64 }

func (s spread) String() string { return fmt.Sprintf("%.0f (%.0f to %.0f)", s.mid, s.low, s.high) }

func median(list []figures, of func(figures) float64) spread {
	v := make([]float64, len(list))
	for i, f := range list {
		v[i] = of(f)
	}
	slices.Sort(v)
	return spread{v[0], v[len(v)/2], v[len(v)-1]}
}

var kinds = []string{"to peer, 1", "to peer, 32", "to client, 1", "to client, 32", "moderate"}

type measuredServer struct {
	name    string
	address netip.AddrPort
	command func(netip.AddrPort) *exec.Cmd
}

// measure starts the server, measures all kinds and ends it.
func (s measuredServer) measure(t *testing.T) map[string]figures {
	t.Helper()
	cmd := s.command(s.address)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	startPinned(t, cmd, serverCPU)
	defer func() {
		stdin.Close()
		if s.name == "coturn" {
			_ = cmd.Process.Signal(unix.SIGTERM)
		}
		_ = cmd.Wait()
	}()
	awaitServer(t, s.address)
	toPeer, toClient := ways(t, s.address)
	pid := cmd.Process.Pid
	out := map[string]figures{
		"to peer, 1":    fullSpeed(t, pid, toPeer.single(), 32),
		"to peer, 32":   fullSpeed(t, pid, toPeer, 1),
		"to client, 1":  fullSpeed(t, pid, toClient.single(), 32),
		"to client, 32": fullSpeed(t, pid, toClient, 1),
	}
	out["moderate"] = steady(toPeer, pid)
	return out
}

// fullSpeed measures throughput over w.
func fullSpeed(t *testing.T, pid int, w way, burst int) figures {
	t.Helper()
	defer prefer(os.Getpid(), pid)()
	before := cpuTime(t, pid)
	start := time.Now()
	n, lost := load(w, burst, fullLoad)
	elapsed, used := time.Since(start), cpuTime(t, pid)-before
	return figures{
		rate:   float64(n) / elapsed.Seconds(),
		perCPU: float64(n) / used.Seconds(),
		busy:   used.Seconds() / elapsed.Seconds(),
		lost:   float64(lost) / float64(lost+n),
	}
}

// steady measures delays over w, through the server that is process pid.
func steady(w way, pid int) figures {
	defer prefer(os.Getpid(), pid)()
	took := delays(w, moderateLoad)
	return figures{p50: took[len(took)/2], p99: took[len(took)*99/100], rate: float64(len(took)) / moderateLoad.Seconds()}
}

// direct measures delays without a relay.
func direct(t *testing.T) figures {
	a, b := measuredSocket(t), measuredSocket(t)
	return steady(way{out: []flow{{from: a, to: b.local}}, in: []*socket{b}}, os.Getpid())
}

func (f figures) String() string {
	if f.p50 > 0 {
		return fmt.Sprintf("p50 %v p99 %v at %.0f packets/s", f.p50, f.p99, f.rate)
	}
	return fmt.Sprintf("%.0f packets/s, %.0f per CPU second, core %.0f %% busy, %.2f %% lost", f.rate, f.perCPU, f.busy*100, f.lost*100)
}

func freeAddress(t *testing.T) netip.AddrPort {
	t.Helper()
	c := udpSocket(t)
	defer c.Close()
	return addrPortOf(c.LocalAddr())
}

func ourselves(addr netip.AddrPort) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveEnv+"="+addr.String())
	cmd.Stderr = os.Stderr
	return cmd
}

// coturnCommand runs coturn with one thread that relays: more have no use on a core.
func coturnCommand(path string, addr netip.AddrPort) *exec.Cmd {
	return exec.Command(path, "-n", "-m", "1", "-L", addr.Addr().String(), "-p", strconv.Itoa(int(addr.Port())),
		"-E", addr.Addr().String(), "--use-auth-secret", "--static-auth-secret", testSecret, "-r", defaultRealm,
		"--allow-loopback-peers", "--no-tls", "--no-dtls", "--no-cli", "--log-file", "/dev/null", "--pidfile", "/dev/null")
}

// awaitServer waits until a server answers.
func awaitServer(t *testing.T, addr netip.AddrPort) {
	t.Helper()
	username, password := credentials("first")
	for range 10 {
		if _, err := newClient(t, addr, username, password).allocate(); err == nil {
			return
		}
	}
	t.Fatal("the server does not answer")
}

// startPinned starts a process on one CPU, which it inherits from the thread.
func startPinned(t *testing.T, cmd *exec.Cmd, cpu int) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, one unix.CPUSet
	one.Set(cpu)
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.SchedSetaffinity(0, &before) }()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// pinProcess puts all threads of this process on one CPU.
func pinProcess(t *testing.T, cpu int) (undo func()) {
	t.Helper()
	var before, one unix.CPUSet
	one.Set(cpu)
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	set := func(cpus *unix.CPUSet) {
		for _, tid := range threads(os.Getpid()) {
			_ = unix.SchedSetaffinity(tid, cpus)
		}
	}
	set(&one)
	procs := runtime.GOMAXPROCS(1)
	return func() {
		runtime.GOMAXPROCS(procs)
		set(&before)
	}
}

// prefer puts the threads of processes before all others on the machine, if that is
// permitted, so that a delay is the server's and not that of other work.
func prefer(pids ...int) (undo func()) {
	set := func(policy, priority uint32) {
		for _, pid := range pids {
			for _, tid := range threads(pid) {
				_ = unix.SchedSetAttr(tid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Priority: priority}, 0)
			}
		}
	}
	set(unix.SCHED_FIFO, 1)
	return func() { set(unix.SCHED_NORMAL, 0) }
}

// threads returns those of a process.
func threads(pid int) (tids []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	for _, task := range tasks {
		if tid, err := strconv.Atoi(filepath.Base(task)); err == nil {
			tids = append(tids, tid)
		}
	}
	return tids
}

// cpuTime returns what a process has used, in user and system.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	// The second field is a name in brackets, which may hold anything; utime and
	// stime are the 14th and 15th, in ticks of 10 ms.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	ticks := 0
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
