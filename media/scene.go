package media

import "image"

// Scene is all that a view draws at one moment. Text in it comes from other
// people and has been filtered before: no control or escape characters.
type Scene struct {
	Tiles []Tile // the others, in a stable order

	Self          *Frame // own picture, not mirrored (the view does that); nil while there is none
	SelfMuted     bool
	SelfCameraOff bool
	SelfHand      bool        // raised
	SelfShape     image.Point // as Tile.Shape

	Status string   // one line: whom, how long, how well
	Chat   []string // the latest lines, oldest first, already with the writer's name
	Stats  []string // the statistics overlay; empty while it is hidden
	Help   bool     // show the keys
	Keys   KeySet   // which ones
}

// KeySet is what the keys of a view do.
type KeySet int

// The sets of keys.
const (
	KeysCall KeySet = iota // in a call between two
	KeysRoom               // in a room of several
)

// Tile is one other person's place in the scene.
type Tile struct {
	ID    string // of the person, the same for as long as they are there
	Frame *Frame // the latest picture; nil while there is none
	// Shape is how wide to how high the person's pictures are, for when Frame is nil
	// or was scaled; zero: as Frame, or usual.
	Shape     image.Point
	Name      string
	Muted     bool
	CameraOff bool
	Speaking  bool
	Hand      bool // raised
	Silenced  bool // the person here has turned their sound off
	Quality   Quality
	Large     bool   // shown large, with the others in a strip: pinned, or speaking; one at most
	Notice    string // shown over the picture: "ringing…", "reconnecting…"
}

// Quality is how good a link is, as bars on a phone.
type Quality int

// The qualities, worst first.
const (
	QualityUnknown Quality = iota
	QualityBad
	QualityPoor
	QualityGood
	QualityExcellent
)
