package rendezvous

import (
	"context"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseServers(t *testing.T) {
	for list, want := range map[string][]serverName{
		"meet.example":                   {{"meet.example", DefaultPort}},
		"meet.example:1":                 {{"meet.example", 1}},
		"a:1,b, c:65535 ,":               {{"a", 1}, {"b", DefaultPort}, {"c", 65535}},
		"192.0.2.1":                      {{"192.0.2.1", DefaultPort}},
		"[2001:db8::1]:5,2001:db8::2":    {{"2001:db8::1", 5}, {"2001:db8::2", DefaultPort}},
		"[2001:db8::1]":                  {{"2001:db8::1", DefaultPort}},
		"":                               nil,
		" , ":                            nil,
		"a:0":                            nil,
		"a:65536":                        nil,
		"a:x":                            nil,
		":7729":                          nil,
		"a:b:c":                          nil,
		strings.Repeat("a,", maxNames+1): nil,
	} {
		got, err := parseServers(list)
		if !reflect.DeepEqual(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%q: %v, %v", list, got, err)
		}
	}
}

func TestResolve(t *testing.T) {
	got, err := resolve(context.Background(), []serverName{{"192.0.2.1", 1}, {"::ffff:192.0.2.2", 2}})
	want := []place{{netip.MustParseAddrPort("192.0.2.1:1"), "192.0.2.1"}, {netip.MustParseAddrPort("192.0.2.2:2"), "::ffff:192.0.2.2"}}
	if !slices.Equal(got, want) || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

// Who took us last is tried first, and who has sent us away last.
func TestArrange(t *testing.T) {
	at := func(addr string) place { return place{netip.MustParseAddrPort(addr), "name"} }
	a, b, c := at("192.0.2.1:1"), at("192.0.2.2:1"), at("192.0.2.3:1")
	client := NewClient(ClientConfig{Identity: newIdentity(t)})
	client.last, client.avoid = c.AddrPort, a.AddrPort
	if got := client.arrange([]place{a, b, c}); !slices.Equal(got, []place{c, b, a}) {
		t.Errorf("%v", got)
	}
	client.last = a.AddrPort
	if got := client.arrange([]place{a, b, c}); !slices.Equal(got, []place{b, c, a}) {
		t.Errorf("sent away by the last: %v", got)
	}
}

func FuzzParseServers(f *testing.F) {
	for _, s := range []string{"a:1,b", "[::1]:7729", "::1", ",", "a:b:c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		names, err := parseServers(list)
		if err == nil && (len(names) == 0 || len(names) > maxNames) {
			t.Errorf("%q: %v", list, names)
		}
		for _, n := range names {
			if n.host == "" || n.port == 0 {
				t.Errorf("%q: %v", list, names)
			}
		}
	})
}
