package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer"
)

func TestSaidAddr(t *testing.T) {
	for line, want := range map[string]string{
		"listening on 127.0.0.1:7728":                         "127.0.0.1:7728",
		"in room demo at 127.0.0.1:40000; waiting for others": "127.0.0.1:40000",
		"in room “at home” at [::]:40000; waiting for others": "[::]:40000",
		"+ person2 (not in your contacts)":                    "",
		"":                                                    "",
	} {
		if got, ok := saidAddr(line); ok != (want != "") || ok && got != want {
			t.Errorf("%q says %q, %v, want %q", line, got, ok, want)
		}
	}
}

func TestReadFirsts(t *testing.T) {
	name := filepath.Join(t.TempDir(), "trace")
	write := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"t":1,"ev":"capture","n":0}
{"t":2,"ev":"state","peer":"a","state":"dialing"}
{"t":3,"ev":"state","peer":"a","state":"connected"}
{"t":4,"ev":"show","peer":"a","i":0}
{"t":5,"ev":"show","peer":"a","i":1}
{"t":6,"ev":"state","peer":"a","state":"connected"}
{"t":7,"ev":"show","peer":"b","i":2}
`)
	first, err := readFirsts(name)
	if err != nil || len(first.connected) != 1 || len(first.shown) != 2 {
		t.Fatalf("%+v, %v", first, err)
	}
	if !first.connected["a"].Equal(time.Unix(0, 3)) || !first.shown["a"].Equal(time.Unix(0, 4)) || !first.shown["b"].Equal(time.Unix(0, 7)) {
		t.Errorf("%+v", first)
	}
	write("{")
	if _, err := readFirsts(name); err == nil {
		t.Error("half a line")
	}
}

func TestJudgeRoom(t *testing.T) {
	good := func(from, to string) pair {
		return pair{From: from, To: to, Links: 1, Link: peer.Summary{Stamps: 100, Clicks: 3, Shown: 100}}
	}
	for name, c := range map[string]struct {
		spoil func(*roomDemo)
		want  string
	}{
		"all well":  {func(*roomDemo) {}, ""},
		"one less":  {func(r *roomDemo) { r.Pairs = r.Pairs[:1] }, "1 links, want 2"},
		"relinked":  {func(r *roomDemo) { r.Pairs[0].Links = 2 }, "linked 2 times"},
		"no sound":  {func(r *roomDemo) { r.Pairs[1].Link.Clicks = 0 }, "a heard nobody"},
		"a picture": {func(r *roomDemo) { r.Pairs[0].Link.Stamps = 1 }, "b saw only 1 pictures of a"},
	} {
		r := roomDemo{People: 2, Pairs: []pair{good("a", "b"), good("b", "a")}}
		c.spoil(&r)
		err := r.judge(10 * time.Second)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRoomTable(t *testing.T) {
	r := roomDemo{
		Pairs: []pair{{From: "a", To: "b", LinkedAfter: 0.5, PictureAfter: 0.75,
			Link: peer.Summary{Seconds: 10, Shown: 100, ShownFPS: 14.96, GlassP50: 20, GlassP95: 31.25,
				LinkStats: peer.LinkStats{Width: 640, Height: 360, ConcealedMs: 100, RecvKbps: 800}}},
			{From: "b", To: "a", Link: peer.Summary{GlassP50: -1, GlassP95: -1}}},
		Processes: []roomSide{{"a", 0.25, 80}},
	}
	var out bytes.Buffer
	if err := r.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"a      b    0.50 s   0.75 s          15.0/s   640x360   20.0 / 31.2 ms             1.0 %       800 kbit/s",
		"b      a    0.00 s   none            0.0/s    0x0       not measured               0.0 %       0 kbit/s",
		"a   0.25 cores   80 MB",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestLongestLink(t *testing.T) {
	all := longest([]*peer.Summary{{Peer: "a", Seconds: 1}, {Peer: "a", Seconds: 3}, {Peer: "b", Seconds: 2}, {Peer: "a", Seconds: 2}})
	if len(all) != 2 || all["a"].Links != 3 || all["a"].Link.Seconds != 3 || all["b"].Links != 1 {
		t.Errorf("%+v", all)
	}
}
