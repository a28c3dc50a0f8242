package media

import "image"

// A drawing is a small part of the interface: text on a plate, an icon, a
// portrait. It is a comparable value, all that its looks depend on.
type drawing interface {
	draw(t *typefaces) *image.RGBA
}

// sprites keeps drawings rendered for as long as they are in use: text changes
// once a second, pictures thirty times.
type sprites struct {
	faces    typefaces
	rendered map[drawing]*sprite
	corners  map[int]*image.Alpha // by radius, of which InterfaceSize allows few
	round    uint64
}

type sprite struct {
	img   *image.RGBA
	round uint64 // in which it was last used
}

// of is the picture of d, rendered if it was not used in the round before.
func (s *sprites) of(d drawing) *image.RGBA {
	if p := s.rendered[d]; p != nil {
		p.round = s.round
		return p.img
	}
	if s.rendered == nil {
		s.rendered = make(map[drawing]*sprite)
	}
	p := &sprite{img: d.draw(&s.faces), round: s.round}
	s.rendered[d] = p
	return p.img
}

// endRound forgets what was not used since the round before ended.
func (s *sprites) endRound() {
	for d, p := range s.rendered {
		if p.round != s.round {
			delete(s.rendered, d)
		}
	}
	s.round++
}

// corner is the coverage of the upper left corner of a rectangle rounded by
// radius pixels.
func (s *sprites) corner(radius int) *image.Alpha {
	if s.corners == nil {
		s.corners = make(map[int]*image.Alpha)
	}
	if s.corners[radius] == nil {
		whole := roundedMask(2*radius, 2*radius, float64(radius))
		s.corners[radius] = whole.SubImage(image.Rect(0, 0, radius, radius)).(*image.Alpha)
	}
	return s.corners[radius]
}
