//go:build cgo && unix

package portaudio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
)

// The tests of this file want devices: run them by
//
//	.ci/pulse run go test ./media/portaudio
func needDevices(t *testing.T) {
	t.Helper()
	if os.Getenv("PRATTLE_TEST_DEVICES") == "" {
		t.Skip("wants sound devices: set PRATTLE_TEST_DEVICES=1, or use .ci/pulse run")
	}
}

// needPulse skips where the devices are not those of .ci/pulse.
func needPulse(t *testing.T) {
	t.Helper()
	needDevices(t)
	if os.Getenv("PRATTLE_TEST_PULSE_PID") == "" {
		t.Skip("wants the devices of .ci/pulse run")
	}
}

func TestConformance(t *testing.T) {
	needDevices(t)
	t.Run("microphone", func(t *testing.T) { mediatest.TestMicrophone(t, mediatest.Real(), "mic") })
	t.Run("speaker", func(t *testing.T) { mediatest.TestSpeaker(t, mediatest.Real(), "default") })
}

func TestDevicesAreListed(t *testing.T) {
	needPulse(t)
	for _, test := range []struct {
		kind media.Kind
		want []string // specs, the default first
	}{
		{media.KindAudio, []string{"mic", "mic:spk", "mic:loop", "mic:mic"}},
		{media.KindSpeaker, []string{"default", "spk", "loop", "mic"}},
	} {
		var got []string
		for _, d := range media.Devices(test.kind) {
			if d.Default != (len(got) == 0) {
				t.Errorf("%s %s: default is %v", test.kind, d.Spec, d.Default)
			}
			got = append(got, d.Spec)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.kind, got, test.want)
		}
	}
}

func TestMissingDevice(t *testing.T) {
	needDevices(t)
	if _, err := media.OpenMicrophone("mic:no such thing"); !errors.Is(err, media.ErrNoDevice) {
		t.Errorf("microphone: %v, want %v", err, media.ErrNoDevice)
	}
	if _, err := media.OpenSpeaker("no such thing"); !errors.Is(err, media.ErrNoDevice) {
		t.Errorf("speaker: %v, want %v", err, media.ErrNoDevice)
	}
}

func raw(pcm []int16) []byte {
	b, _ := binary.Append(nil, binary.LittleEndian, pcm)
	return b
}

func TestMicrophoneHears(t *testing.T) {
	needPulse(t)
	play := exec.Command("paplay", "--raw", "--rate=48000", "--channels=1", "--format=s16le", "--device=mic")
	play.Stdin = bytes.NewReader(raw(mediatest.Sine(440, 0.25, 5*time.Second)))
	if err := play.Start(); err != nil {
		t.Fatal(err)
	}
	defer play.Wait()
	defer play.Process.Kill()
	m, err := media.OpenMicrophone("mic")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	block := make([]int16, media.SampleRate/2)
	for range 8 {
		if _, err := m.Read(block); err != nil {
			t.Fatal(err)
		}
		if f := mediatest.Frequency(block); mediatest.Loudness(block) > 0.1 && math.Abs(f-440) < 1 {
			return
		}
	}
	t.Errorf("the last half second has %.1f Hz at loudness %.2f, want 440 Hz at 0.18", mediatest.Frequency(block), mediatest.Loudness(block))
}

func TestSpeakerIsHeard(t *testing.T) {
	needPulse(t)
	rec := exec.Command("parec", "--raw", "--rate=48000", "--channels=1", "--format=s16le", "--device=spk.monitor", "--latency-msec=20")
	out, err := rec.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := rec.Start(); err != nil {
		t.Fatal(err)
	}
	defer rec.Wait()
	defer rec.Process.Kill()
	s, err := media.OpenSpeaker("default")
	if err != nil {
		t.Fatal(err)
	}
	tone := mediatest.Sine(660, 0.25, time.Second)
	played := 0
	done := make(chan error)
	go func() {
		done <- s.Play(func(block []int16, _ time.Time) {
			for i := range block {
				block[i] = tone[played%len(tone)]
				played++
			}
		})
	}()
	heard := make([]int16, media.SampleRate/2)
	ok := false
	for range 8 {
		if err := binary.Read(out, binary.LittleEndian, heard); err != nil {
			t.Fatal(err)
		}
		if ok = mediatest.Loudness(heard) > 0.1 && math.Abs(mediatest.Frequency(heard)-660) < 1; ok {
			break
		}
	}
	if !ok {
		t.Errorf("the monitor has %.1f Hz at loudness %.2f, want 660 Hz at 0.18", mediatest.Frequency(heard), mediatest.Loudness(heard))
	}
	s.Close()
	if err := <-done; err != nil {
		t.Errorf("Play: %v after Close, want nil", err)
	}
}

// TestLoop plays clicks into the microphone and reports what a call would add.
// Only what cannot depend on the load of the machine is asserted.
func TestLoop(t *testing.T) {
	needPulse(t)
	m, err := openMicrophone("mic")
	if err != nil {
		t.Fatal(err)
	}
	s, err := openSpeaker("loop")
	if err != nil {
		t.Fatal(err)
	}
	const period = media.SampleRate / 5
	sent := make(chan time.Time, 100)
	done := make(chan error)
	go func() {
		played := 0
		done <- s.Play(func(block []int16, _ time.Time) {
			clear(block)
			for i := range block {
				played++
				if k := played % period; k == 0 && len(sent) < cap(sent) {
					sent <- time.Now()
				} else if k < 48 && played > period {
					block[i] = 20000
				}
			}
		})
	}()
	seconds := 3
	if n, err := strconv.Atoi(os.Getenv("PRATTLE_TEST_LOOP_SECONDS")); err == nil {
		seconds = n
	}
	var delays []time.Duration
	block := make([]int16, blockSize)
	quiet := 0
	for range seconds * media.SampleRate / blockSize {
		if _, err := m.Read(block); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		if slices.Max(block) < 10000 {
			quiet++
		} else if quiet > 10 {
			delays = append(delays, now.Sub(<-sent))
			quiet = 0
		}
	}
	s.Close()
	if err := <-done; err != nil {
		t.Errorf("Play: %v", err)
	}
	m.Close()
	if len(delays) < seconds*3 {
		t.Fatalf("heard %d clicks in %d s, want about %d", len(delays), seconds, seconds*5)
	}
	slices.Sort(delays)
	t.Logf("from fill to Read: median %v, worst %v; %d underruns, %d samples lost in %d s",
		delays[len(delays)/2], delays[len(delays)-1],
		s.(*speaker).Underruns(), m.(*microphone).Lost(), seconds)
}

// ownServer reports whether the test runs beside a server of its own, which it may
// harm. Where it does not, ownServer runs the test again beside one.
func ownServer(t *testing.T) (pid int, ok bool) {
	needPulse(t)
	if os.Getenv("PRATTLE_TEST_OWN_SERVER") == t.Name() {
		pid, err := strconv.Atoi(os.Getenv("PRATTLE_TEST_PULSE_PID"))
		if err != nil {
			t.Fatal(err)
		}
		return pid, true
	}
	again := exec.Command("../../.ci/pulse", "run", os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	again.Env = append(os.Environ(), "PRATTLE_TEST_OWN_SERVER="+t.Name())
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
	return 0, false
}

// converse opens microphone and speaker and lets both work. played yields what Play
// returns.
func converse(t *testing.T) (m media.Microphone, s media.Speaker, played chan error) {
	m, err := media.OpenMicrophone("mic")
	if err != nil {
		t.Fatal(err)
	}
	s, err = media.OpenSpeaker("default")
	if err != nil {
		t.Fatal(err)
	}
	played = make(chan error, 1)
	go func() { played <- s.Play(func([]int16, time.Time) {}) }()
	if _, err := m.Read(make([]int16, media.SampleRate/2)); err != nil {
		t.Fatal(err)
	}
	return m, s, played
}

// wantBothToFail reads and plays until each has noticed that the server is gone.
func wantBothToFail(t *testing.T, m media.Microphone, played chan error) {
	t.Helper()
	var err error
	for err == nil {
		_, err = m.Read(make([]int16, 480))
	}
	if err == io.EOF {
		t.Errorf("Read: %v as if closed, want an error of its own", err)
	}
	if err := <-played; err == nil {
		t.Error("Play returned as if closed, want an error")
	}
}

func TestServerDies(t *testing.T) {
	pid, ok := ownServer(t)
	if !ok {
		return
	}
	m, s, played := converse(t)
	syscall.Kill(pid, syscall.SIGKILL)
	wantBothToFail(t, m, played)
	if err := errors.Join(m.Close(), s.Close()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := media.OpenMicrophone("mic"); !errors.Is(err, media.ErrNoDevice) {
		t.Errorf("opened anew: %v, want %v", err, media.ErrNoDevice)
	}
}

// TestServerHangs stops the server without ending it: then PortAudio's own calls do
// not return. Ours must, and all must be well when the server goes on.
func TestServerHangs(t *testing.T) {
	pid, ok := ownServer(t)
	if !ok {
		return
	}
	m, s, played := converse(t)
	syscall.Kill(pid, syscall.SIGSTOP)
	wantBothToFail(t, m, played)
	for _, c := range []io.Closer{m, s} {
		if err := c.Close(); !errors.Is(err, errHangs) {
			t.Errorf("Close: %v, want %v", err, errHangs)
		}
	}
	syscall.Kill(pid, syscall.SIGCONT)
	m, s, played = converse(t)
	if err := errors.Join(m.Close(), s.Close(), <-played); err != nil {
		t.Errorf("after it went on: %v", err)
	}
}
