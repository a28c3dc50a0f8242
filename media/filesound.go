package media

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

func init() {
	RegisterMicrophone("file", "file:CLIP.wav", openWAVMicrophone, nil)
	RegisterSpeaker("file", "file:OUT.wav", openWAVSpeaker, nil)
}

// A wavMicrophone is a WAV file that speaks in real time, over and over.
type wavMicrophone struct {
	file   *os.File
	source samples
	clock  *metronome // beats once a sample
	sample uint64     // the next to be heard
	lost   []int16    // room for what nobody hears
}

// wavBacklog is how far Read may fall behind before sound is lost, as on a sound card.
const wavBacklog = SampleRate / 5 // samples: 200 ms

func openWAVMicrophone(path string) (Microphone, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	wav, err := newWAVReader(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m := &wavMicrophone{file: file, source: wav, clock: newMetronome(tempo{SampleRate, 1}), lost: make([]int16, 480)}
	if wav.rate() != SampleRate {
		m.source = newResampler(wav, wav.rate())
	}
	return m, nil
}

func (m *wavMicrophone) Read(block []int16) (first time.Time, err error) {
	if due, end := m.clock.due(), m.sample+uint64(len(block)); due > end+wavBacklog {
		err = m.lose(due - end)
	}
	if err == nil {
		err = m.source.read(block)
	}
	switch {
	case m.clock.stopped():
		return time.Time{}, io.EOF
	case err != nil:
		return time.Time{}, fmt.Errorf("read %s: %w", m.file.Name(), err)
	}
	first = m.clock.at(m.sample)
	m.sample += uint64(len(block))
	if !m.clock.wait(m.sample) {
		return time.Time{}, io.EOF
	}
	return first, nil
}

// lose passes n samples.
func (m *wavMicrophone) lose(n uint64) error {
	m.sample += n
	for n > 0 {
		some := min(n, uint64(len(m.lost)))
		if err := m.source.read(m.lost[:some]); err != nil {
			return err
		}
		n -= some
	}
	return nil
}

func (m *wavMicrophone) Close() error {
	m.clock.stop()
	m.file.Close() // read from only: nothing can be lost
	return nil
}

// A wavSpeaker is a WAV file that takes sound as a sound card does: 48 kHz in real
// time. After a stall it catches up block by block, so that no sample is missing.
type wavSpeaker struct {
	blocks *metronome

	mu      sync.Mutex // of what follows
	file    *os.File
	stream  bool   // a pipe: the header cannot be written again
	pending []byte // samples on their way to the file
	length  int64  // of the samples in the file, in bytes
	closed  bool
}

const (
	// wavSpeakerBlock is what a sound card asks for at a time, in samples: 5 ms.
	wavSpeakerBlock = SampleRate / 200
	// wavFlush is how much is written at a time, in bytes: 100 ms.
	wavFlush = 2 * SampleRate / 10
	// wavRenew is after how much the header says how long the file is, in bytes: 1 s.
	wavRenew = 2 * SampleRate
)

func openWAVSpeaker(path string) (Speaker, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	s := &wavSpeaker{
		blocks:  newMetronome(tempo{SampleRate, wavSpeakerBlock}),
		file:    file,
		pending: make([]byte, 0, wavFlush),
	}
	if info, err := file.Stat(); err == nil {
		s.stream = !info.Mode().IsRegular()
	}
	var announced int64
	if s.stream {
		announced = 1 << 32 // unknown
	}
	if _, err := file.Write(appendWAVHeader(nil, announced)); err != nil {
		file.Close()
		return nil, err
	}
	return s, nil
}

func (s *wavSpeaker) Play(fill func(block []int16, at time.Time)) error {
	var block [wavSpeakerBlock]int16
	for n := uint64(0); s.blocks.wait(n); n++ {
		fill(block[:], s.blocks.at(n))
		if err := s.write(block[:]); err != nil {
			return err
		}
	}
	return nil
}

// write takes a block; after Close it is too late.
func (s *wavSpeaker) write(block []int16) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	for _, v := range block {
		s.pending = binary.LittleEndian.AppendUint16(s.pending, uint16(v))
	}
	if len(s.pending) < wavFlush {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	if s.length%wavRenew == 0 {
		return s.renewHeader()
	}
	return nil
}

func (s *wavSpeaker) flush() error {
	n, err := s.file.Write(s.pending)
	s.length += int64(n)
	s.pending = s.pending[:0]
	return err
}

// renewHeader makes the file a valid one as it stands.
func (s *wavSpeaker) renewHeader() error {
	if s.stream {
		return nil
	}
	_, err := s.file.WriteAt(appendWAVHeader(nil, s.length), 0)
	return err
}

func (s *wavSpeaker) Close() error {
	s.blocks.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	err := s.flush()
	if err2 := s.renewHeader(); err == nil {
		err = err2
	}
	if err2 := s.file.Close(); err == nil {
		err = err2
	}
	return err
}
