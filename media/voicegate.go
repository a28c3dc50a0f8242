package media

// VoiceGate decides which packets of a voice are sent: all that hold something to
// hear, and in a pause just enough for the other side to know that it is one
// (discontinuous transmission). Its zero value is ready. It is sans-IO and has one
// owner: it hears all sound, and decides each time that a packet is full of it.
type VoiceGate struct {
	pauses PauseDetector
	worth  bool // something in the packet was
	told   int  // packets that have told of this pause
	since  int  // samples since the last of them
}

// VoiceVerdict is what to send in the place of a packet.
type VoiceVerdict uint8

// The verdicts. In the place of a packet, not of a moment: those of a pause come as
// others would, and delay and jitter are known at its end.
const (
	SendSound   VoiceVerdict = iota
	SendPause                // see PauseEncoder
	SendNothing              // and leave out its time
)

const (
	// pauseTold is how many packets begin a pause, as they may be lost in bursts, and
	// pauseSpread how much later each comes than the one before (20 ms more): all within
	// what Playout conceals.
	pauseTold   = 3
	pauseSpread = SampleRate / 50
)

// Hear takes the next sound, a multiple of 10 ms.
func (g *VoiceGate) Hear(block []int16) {
	g.Note(g.pauses.Hear(block))
}

// Note takes the verdict on a block in the place of Hear, where several gates decide
// about the same sound and one PauseDetector hears it.
func (g *VoiceGate) Note(paused bool) {
	if !paused {
		g.worth = true
	}
}

// Decide says what becomes of what was heard since it was asked last, a packet of so
// many samples.
func (g *VoiceGate) Decide(samples int) VoiceVerdict {
	g.since += samples
	switch {
	case g.worth:
		g.worth, g.told = false, 0
		return SendSound
	case g.told < pauseTold && g.since >= g.told*pauseSpread || g.since >= pauseRefresh:
		g.told, g.since = g.told+1, 0
		return SendPause
	}
	return SendNothing
}
