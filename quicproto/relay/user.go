package relay

import (
	"errors"
	"time"
)

// Why there is no new allocation.
var (
	errUserQuota = errors.New("user has too many allocations")
	errCapacity  = errors.New("too many allocations")
	errDraining  = errors.New("draining")
	errNoFamily  = errors.New("no relayed addresses of this family")
	errNoTCP     = errors.New("relayed connections (RFC 6062) and reserved ports are not supported")
)

// user is whoever a credential names, with all their allocations.
type user struct {
	name        string
	allocations int
	meter       meter
	left        time.Time // when the last allocation closed
}

// userMemory is how long a user is remembered who holds no allocation, so that none
// gets a new allowance by beginning again: longer than a bucket takes to fill up.
const userMemory = 2 * time.Second

// users are those who hold allocations. It has no clock and no lock.
type users struct {
	byName map[string]*user
	total  int // allocations
	swept  time.Time
}

// open counts an allocation for name, if the limits have room for it.
func (u *users) open(now time.Time, l Limits, name string) (*user, error) {
	u.sweep(now)
	who := u.byName[name]
	switch {
	case who != nil && who.allocations >= l.AllocationsPerUser:
		return nil, errUserQuota
	case u.total >= l.Allocations:
		return nil, errCapacity
	case who == nil:
		who = &user{name: name}
		u.byName[name] = who
	}
	who.allocations++
	u.total++
	return who, nil
}

// close takes back one open.
func (u *users) close(now time.Time, who *user) {
	who.allocations--
	who.left = now
	u.total--
}

// sweep forgets users who have left, now and then.
func (u *users) sweep(now time.Time) {
	if now.Sub(u.swept) < userMemory {
		return
	}
	u.swept = now
	for name, who := range u.byName {
		if who.allocations == 0 && now.Sub(who.left) >= userMemory {
			delete(u.byName, name)
		}
	}
}
