package peer

import (
	"math"

	"github.com/skulltech/prattle/quicproto"
)

// tellWish tells the other side how large it is seen here. In a call between two
// it is not asked: there is one picture, and it fills the screen.
func (l *Link) tellWish() {
	if l.member.conference == nil {
		return
	}
	if size, news := l.wished(); news {
		l.call.send(&quicproto.Wish{Width: uint64(size.X), Height: uint64(size.Y)})
	}
}

// handleWish takes how large the other side shows our pictures.
func (l *Link) handleWish(m *quicproto.Wish) {
	if l.member.conference != nil && l.call.media() {
		l.setWish(int(min(m.Width, math.MaxInt32)), int(min(m.Height, math.MaxInt32)))
	}
}
