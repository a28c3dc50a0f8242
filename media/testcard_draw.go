package media

import (
	"math"
	"time"
)

// A testCard draws the pictures of the test camera. What does not change is
// painted once; a picture is a copy of that with the moving parts on top.
type testCard struct {
	fps      int
	backdrop *Frame
	planet   *sphere
	moon     *sphere
	clock    *digits // the time of day
	counter  *digits // the number of the frame
}

func newTestCard(w, h, fps int, hue float64) *testCard {
	size := float64(min(w, h))
	return &testCard{
		fps:      fps,
		backdrop: paintBackdrop(w, h, hue),
		planet:   newSphere(0.25*size, newWorld(0.25*size, hue, planetPainter())),
		moon:     newSphere(0.07*size, newWorld(0.07*size, hue, moonPainter())),
		clock:    newDigits(max(h/12, 10)),
		counter:  newDigits(max(h/18, 9)),
	}
}

// draw makes dst the picture n, taken at now.
func (c *testCard) draw(dst *Frame, n uint64, now time.Time) {
	dst.CopyFrom(c.backdrop)
	c.drawSpheres(dst, float64(n)/float64(c.fps))
	c.drawNumbers(dst, n, now)
	Stamp(dst, n, now)
}

// drawSpheres places planet and moon where they are after some seconds.
func (c *testCard) drawSpheres(dst *Frame, seconds float64) {
	w, h := float64(dst.Width), float64(dst.Height)
	turn := func(period float64) (sin, cos float64) { return math.Sincos(2 * math.Pi * seconds / period) }
	drift, _ := turn(17)
	bob, _ := turn(7.3)
	swing, depth := turn(6)
	x, y := w*(0.58+0.14*drift), h*(0.48+0.05*bob)
	orbit := float64(c.planet.radius) * 1.6
	mx, my := x+orbit*swing, y-0.25*orbit*depth

	if depth < 0 {
		c.moon.draw(dst, mx, my, seconds/20)
	}
	c.planet.draw(dst, x, y, seconds/16)
	if depth >= 0 {
		c.moon.draw(dst, mx, my, seconds/20)
	}
}

// drawNumbers writes the time of day and, below it, the number of the frame.
func (c *testCard) drawNumbers(dst *Frame, n uint64, now time.Time) {
	x, y := dst.Width/32, dst.Height/14
	var text [32]byte
	c.clock.draw(dst, x, y, now.AppendFormat(text[:0], "15:04:05.00"))
	c.counter.draw(dst, x, y+c.clock.height*3/2, appendPadded(text[:0], n, 6))
}

// appendPadded appends n with leading zeros to at least width digits.
func appendPadded(b []byte, n uint64, width int) []byte {
	var digits [20]byte
	i := len(digits)
	for ; n > 0 || i > len(digits)-width; n /= 10 {
		i--
		digits[i] = '0' + byte(n%10)
	}
	return append(b, digits[i:]...)
}

// A hueing turns colours about the grey axis.
type hueing struct{ sin, cos float64 }

func hueTurned(turns float64) hueing {
	sin, cos := math.Sincos(2 * math.Pi * turns)
	return hueing{sin, cos}
}

// yuv converts a colour (BT.601, video range) with parts from 0 to 1, and turns it.
func (h hueing) yuv(r, g, b float64) (y, u, v float64) {
	luma := 0.299*r + 0.587*g + 0.114*b
	cb, cr := (b-luma)/1.772, (r-luma)/1.402
	cb, cr = cb*h.cos-cr*h.sin, cb*h.sin+cr*h.cos
	return 16 + 219*luma, 128 + 224*cb, 128 + 224*cr
}

// toByte rounds v to what a plane can hold in video range.
func toByte(v float64) byte { return byte(min(max(v+0.5, 16), 240)) }

// lerp is a at t = 0 and b at t = 1.
func lerp(a, b, t float64) float64 { return a + (b-a)*t }

// smoothstep rises smoothly from 0 to 1 while x goes from lo to hi.
func smoothstep(x, lo, hi float64) float64 {
	t := min(max((x-lo)/(hi-lo), 0), 1)
	return t * t * (3 - 2*t)
}
