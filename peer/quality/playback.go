package quality

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/skulltech/prattle/media"
)

// pictures reads a view file back, as fast as it can be read.
type pictures struct {
	r     *bufio.Reader
	frame *media.Frame
}

var errNoPictures = errors.New("not a view file")

func newPictures(r io.Reader) (*pictures, error) {
	p := &pictures{r: bufio.NewReaderSize(r, 1<<20)}
	header, err := p.r.ReadString('\n')
	if err != nil {
		return nil, errNoPictures
	}
	var w, h int
	if _, err := fmt.Sscanf(header, "YUV4MPEG2 W%d H%d ", &w, &h); err != nil || w != viewWidth || h != viewHeight {
		return nil, fmt.Errorf("%w: %q", errNoPictures, header)
	}
	p.frame = media.NewFrame(w, h)
	return p, nil
}

// next returns the next picture, until it is called again; io.EOF after the last
// whole one.
func (p *pictures) next() (*media.Frame, error) {
	line, err := p.r.ReadString('\n')
	if err != nil {
		return nil, io.EOF
	}
	if line != "FRAME\n" {
		return nil, fmt.Errorf("%w: a picture begins with %q", errNoPictures, line)
	}
	for _, plane := range [][]byte{p.frame.Y, p.frame.U, p.frame.V} {
		if _, err := io.ReadFull(p.r, plane); err != nil {
			return nil, io.EOF
		}
	}
	return p.frame, nil
}

// wavHeader is the length of what a speaker file begins with, in bytes.
const wavHeader = 44

// readSound reads a speaker file: 16 bits, one channel, 48 kHz.
func readSound(name string) ([]int16, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if len(data) < wavHeader || string(data[:4]) != "RIFF" || string(data[36:40]) != "data" {
		return nil, fmt.Errorf("%s: not a speaker file", name)
	}
	data = data[wavHeader:]
	sound := make([]int16, len(data)/2)
	for i := range sound {
		sound[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return sound, nil
}
