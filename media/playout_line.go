package media

// pcmLine is decoded sound: some that was played, kept because the sound to come
// is likely to resemble it, and what waits to be played.
type pcmLine struct {
	buf        [lineSize]int16
	read, size int // buf[:read] was played, buf[read:size] waits
}

const (
	// lineHistory is how much played sound is kept: two of the longest periods
	// and the windows compared around them.
	lineHistory = 2*maxLag + 2*matchWindow
	// lineSize holds the history, what an edit looks at ahead, and two of the
	// longest packets.
	lineSize = 1 << 14
)

func (l *pcmLine) unplayed() int { return l.size - l.read }

// take copies the next samples into block; there are enough.
func (l *pcmLine) take(block []int16) {
	l.read += copy(block, l.buf[l.read:l.size])
}

// room returns space for n more samples, of which grow accepts the first ones.
func (l *pcmLine) room(n int) []int16 {
	if l.size+n > lineSize {
		drop := max(0, l.read-lineHistory)
		copy(l.buf[:], l.buf[drop:l.size])
		l.read -= drop
		l.size -= drop
	}
	return l.buf[l.size : l.size+n]
}

func (l *pcmLine) grow(n int) { l.size += n }

// cut removes the last n of the unplayed samples.
func (l *pcmLine) cut(n int) { l.size -= n }

// silence appends n zeros.
func (l *pcmLine) silence(n int) {
	clear(l.room(n))
	l.grow(n)
}

// head is the unplayed sound.
func (l *pcmLine) head() []int16 { return l.buf[l.read:l.size] }

// dropHead removes the first n unplayed samples.
func (l *pcmLine) dropHead(n int) {
	copy(l.buf[l.read:], l.buf[l.read+n:l.size])
	l.size -= n
}

// openHead makes room for n samples before the head; their contents are unspecified.
func (l *pcmLine) openHead(n int) {
	l.room(n)
	copy(l.buf[l.read+n:], l.buf[l.read:l.size])
	l.size += n
}
