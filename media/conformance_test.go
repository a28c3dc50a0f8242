package media_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
)

// tempFile writes a file that lives as long as the test.
func tempFile(t *testing.T, name string, content []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTestCameraConforms(t *testing.T) {
	cfg := media.PictureConfig{Width: 160, Height: 90, FPS: 30}
	mediatest.TestCamera(t, mediatest.Virtual(), "test", cfg)
	mediatest.TestCamera(t, mediatest.Virtual(), "test:another", cfg)
}

func TestFileCameraConforms(t *testing.T) {
	clip := bytes.NewBufferString("YUV4MPEG2 W64 H36 F30000:1001 Ip C420jpeg\n")
	f := media.NewFrame(64, 36)
	for n := range 5 {
		mediatest.Scene(n, f)
		fmt.Fprintf(clip, "FRAME\n%s%s%s", f.Y, f.U, f.V)
	}
	spec := "file:" + tempFile(t, "clip.y4m", clip.Bytes())
	mediatest.TestCamera(t, mediatest.Virtual(), spec, media.PictureConfig{})
}

func TestFileMicrophoneConforms(t *testing.T) {
	for _, rate := range []uint32{48000, 44100} {
		wav := []byte("RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
		wav = binary.LittleEndian.AppendUint32(wav, rate)
		wav = append(wav, "\x00\x00\x00\x00\x02\x00\x10\x00data\xff\xff\xff\xff"...)
		wav = append(wav, make([]byte, 6000)...)
		mediatest.TestMicrophone(t, mediatest.Virtual(), "file:"+tempFile(t, "clip.wav", wav))
	}
}

func TestSpeakersConform(t *testing.T) {
	mediatest.TestSpeaker(t, mediatest.Virtual(), "none")
	mediatest.TestSpeaker(t, mediatest.Virtual(), "file:"+tempFile(t, "out.wav", nil))
}

func TestViewsConform(t *testing.T) {
	for _, spec := range []string{"none", "file:" + tempFile(t, "out.y4m", nil)} {
		mediatest.TestView(t, func(t *testing.T) media.View {
			v, err := media.OpenView(spec, media.PictureConfig{Width: 320, Height: 180, FPS: 30})
			if err != nil {
				t.Fatal(err)
			}
			return v
		})
	}
}

func TestBuiltInCodecsConform(t *testing.T) {
	codec, err := media.VideoCodecByName("jpeg")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("jpeg", func(t *testing.T) { mediatest.TestVideoCodec(t, codec) })
	t.Run("pcmu", func(t *testing.T) { mediatest.TestAudioCodec(t, "pcmu") })
}
