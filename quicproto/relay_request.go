package quicproto

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
)

// refusedError is a refusal of a TURN server. What it gives as its reason is left
// out: it is somebody else's text.
type refusedError struct{ code stun.ErrorCode }

func (e *refusedError) Error() string {
	if name, ok := turnCodes[e.code]; ok {
		return fmt.Sprintf("%s (%d)", name, e.code)
	}
	return fmt.Sprintf("error %d", e.code)
}

func (e *refusedError) Is(err error) bool {
	return err == ErrRelayRefused || err == errAllocationGone && e.code == stun.CodeAllocMismatch
}

var turnCodes = map[stun.ErrorCode]string{
	stun.CodeTryAlternate:           "it names another server",
	stun.CodeBadRequest:             "it does not understand us or the credentials",
	stun.CodeUnauthorized:           "wrong credentials",
	stun.CodeForbidden:              "forbidden",
	stun.CodeAllocMismatch:          "it knows of no allocation",
	stun.CodeStaleNonce:             "out of date",
	stun.CodeAddrFamilyNotSupported: "no address of that family",
	stun.CodeWrongCredentials:       "wrong credentials",
	stun.CodeUnsupportedTransProto:  "no relay for UDP",
	stun.CodePeerAddrFamilyMismatch: "another family of addresses",
	stun.CodeAllocQuotaReached:      "too many allocations of ours",
	stun.CodeInsufficientCapacity:   "it is full",
	stun.CodeServerError:            "it has failed",
}

// errAllocationGone says that the server has forgotten the allocation.
var errAllocationGone = errors.New("the allocation is gone")

// maxNonces is how often a request is repeated because its nonce was out of date.
const maxNonces = 3

// request puts an authenticated request to the server (RFC 8489, section 9.2).
func (r *relay) request(ctx context.Context, method stun.Method, setters ...stun.Setter) (*stun.Message, error) {
	for tries := 1; ; tries++ {
		m, err := r.exchange(ctx, method, setters...)
		if !isStale(err) || tries == maxNonces {
			return m, err
		}
	}
}

// exchange sends a request with the latest nonce and waits for the answer to it.
func (r *relay) exchange(ctx context.Context, method stun.Method, setters ...stun.Setter) (*stun.Message, error) {
	r.mu.Lock()
	nonce := r.nonce
	r.mu.Unlock()
	realm := r.client.Realm()
	all := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, setters...)
	all = append(all, stun.NewUsername(r.account.username), realm, nonce,
		stun.NewLongTermIntegrity(r.account.username, realm.String(), r.account.password), stun.Fingerprint)
	m, err := stun.Build(all...)
	if err != nil {
		return nil, err
	}
	result, err := r.client.PerformTransactionWithContext(m, r.conn.RemoteAddr(), false, ctx)
	if err != nil {
		return nil, err
	}
	if result.Msg.Type.Class == stun.ClassErrorResponse {
		var code stun.ErrorCodeAttribute
		if err := code.GetFrom(result.Msg); err != nil {
			return nil, err
		}
		return nil, &refusedError{code.Code}
	}
	return result.Msg, nil
}

const (
	// relayLifetime is asked for on each refresh: a laptop that sleeps shortly
	// keeps its relay (RFC 8656, section 3.2, has 10 min as the default).
	relayLifetime = 10 * time.Minute
	// checkTimeout is the patience for an answer to a refresh: four
	// transmissions.
	checkTimeout = 2500 * time.Millisecond
	// restartTimeout is that of a server which has just said that it does not
	// know the nonce and then says nothing: pion's does not answer who has lost
	// his allocation in a restart.
	restartTimeout = 1 * time.Second
)

// check refreshes the allocation. An error says that it is of no more use: gone,
// or unwelcome.
func (r *relay) check(ctx context.Context) error {
	err := r.refresh(ctx, checkTimeout)
	if isStale(err) {
		err = r.refresh(ctx, restartTimeout)
	}
	return err
}

func (r *relay) refresh(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ctx, giveUp := r.whileListening(ctx)
	defer giveUp()
	_, err := r.exchange(ctx, stun.MethodRefresh, lifetime(relayLifetime))
	return err
}

var errNobodyListens = errors.New("nobody listens there")

// whileListening returns a context that ends when the server's machine says that
// nobody listens there.
func (r *relay) whileListening(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	r.tasks.Go(func() {
		select {
		case <-r.doubt:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, cancel
}

// releaseTimeout bounds the goodbye to a server.
const releaseTimeout = 1 * time.Second

// close gives the allocation back, so that it does not count against our quota.
func (r *relay) close() {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
	defer cancel()
	// If it is lost, the allocation ends by itself.
	_, _ = r.request(ctx, stun.MethodRefresh, lifetime(0))
	r.abandon()
}

// abandon ends the relay without a word.
func (r *relay) abandon() {
	r.stop()
	r.client.Close()
	r.conn.Close()
	// Once more, for a request that began in between.
	r.client.Close()
	<-r.ended
	r.tasks.Wait()
	if r.pion != nil {
		r.pion.Close()
	}
}

// peerAddress is the attribute XOR-PEER-ADDRESS (RFC 8656, section 18.3).
type peerAddress netip.AddrPort

func (p peerAddress) AddTo(m *stun.Message) error {
	addr := netip.AddrPort(p)
	return stun.XORMappedAddress{IP: addr.Addr().AsSlice(), Port: int(addr.Port())}.AddToAs(m, stun.AttrXORPeerAddress)
}

// channelNumber is the attribute CHANNEL-NUMBER (RFC 8656, section 18.1).
type channelNumber uint16

func (c channelNumber) AddTo(m *stun.Message) error {
	m.Add(stun.AttrChannelNumber, binary.BigEndian.AppendUint32(nil, uint32(c)<<16))
	return nil
}

// lifetime is the attribute LIFETIME (RFC 8656, section 18.2).
type lifetime time.Duration

func (l lifetime) AddTo(m *stun.Message) error {
	m.Add(stun.AttrLifetime, binary.BigEndian.AppendUint32(nil, uint32(time.Duration(l)/time.Second)))
	return nil
}

func isStale(err error) bool {
	var refused *refusedError
	return errors.As(err, &refused) && refused.code == stun.CodeStaleNonce
}
