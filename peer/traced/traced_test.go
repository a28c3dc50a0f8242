package traced

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer"
)

// The trace of a process that was killed while it wrote.
const cutOff = `{"t":1000000000,"ev":"state","peer":"a","state":"connected","path":"direct","lan":true}
{"t":1500000000,"ev":"show","peer":"b","i":3,"w":640,"h":360}
{"t":2000000000,"ev":"stats","peer":"a","path":"relay","lan":false,"rtt_ms":1.5,"recv_kbps":90,"concealed_ms":20}
{"t":2500000000,"ev":"state","peer":"b","state":"reconn`

func TestATraceThatWasCutOff(t *testing.T) {
	name := filepath.Join(t.TempDir(), "trace")
	if err := os.WriteFile(name, []byte(cutOff), 0o600); err != nil {
		t.Fatal(err)
	}
	trace, err := Read(name)
	if err != nil || len(trace) != 3 {
		t.Fatalf("%d events: %v", len(trace), err)
	}
	if e, ok := trace.First(OnPath("direct")); !ok || e.Peer != "a" || !e.LAN || e.At() != time.Unix(1, 0) {
		t.Errorf("connected: %+v, %v", e, ok)
	}
	if e := trace.StatsAt(time.Unix(3, 0)); e.RTT != 1.5 || e.ConcealedMs != 20 || e.Path != "relay" || !Hears(e) {
		t.Errorf("statistics: %+v", e)
	}
	if e := trace.StatsAt(time.Unix(1, 0)); e.Ev != "" {
		t.Errorf("statistics before there were any: %+v", e)
	}
	if n := trace.Between(time.Unix(1, 5e8), time.Unix(2, 0)).Count(Shown); n != 1 {
		t.Errorf("%d pictures were shown", n)
	}
	if state, path := trace.Of("a").Now(); state != peer.StateConnected || path != "direct" {
		t.Errorf("the link to a is %s, %s", state, path)
	}
	if of := trace.Of("b"); len(of) != 1 || len(of.States()) != 0 {
		t.Errorf("of b: %v", of)
	}
}

func TestATraceThatIsNoTrace(t *testing.T) {
	name := filepath.Join(t.TempDir(), "trace")
	if trace, err := Read(name); trace != nil || err != nil {
		t.Errorf("of no file: %v, %v", trace, err)
	}
	if err := os.WriteFile(name, []byte("{]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(name); err == nil {
		t.Error("what is no trace was read")
	}
}
