package peer

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
)

// RoomSighting is a member of a room on the local network, of which it is only known
// where it is.
type RoomSighting struct {
	Instance [8]byte  // of its program, differs each time it runs
	Tag      [16]byte // that of the same room differs from member to member
	Addrs    []netip.AddrPort
}

// Is says whether the member says to be in the room of that name.
func (s RoomSighting) Is(room string) bool { return s.Tag == tagOf(s.Instance, room) }

// FindRooms looks for members of rooms on the local network until ctx ends, and
// returns those that were heard of, at most 64. Nobody notices more than that somebody
// looked. Without an error, ctx ended by its deadline.
func FindRooms(ctx context.Context, log *slog.Logger) ([]RoomSighting, error) {
	anyone := func(instance, roomTag) bool { return true }
	d, err := openDNSSD(newDNSSD(instance{}, nil, anyone, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))), log)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var found []RoomSighting
	for {
		select {
		case s := <-d.sightings():
			found = slices.DeleteFunc(found, func(o RoomSighting) bool { return o.Instance == s.instance })
			found = append(found, RoomSighting{s.instance, s.tag, s.addrs})
		case <-ctx.Done():
			return found, findError(ctx, d.problem(), len(found))
		}
	}
}

// findError is why a search may have found less than there is.
func findError(ctx context.Context, problem error, found int) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	if found > 0 {
		return nil
	}
	return problem
}
