package media

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestCamerasUnder(t *testing.T) {
	root := t.TempDir()
	for path, content := range map[string]string{
		"sys/class/video4linux/video10/name":     "Second \x1b[2JCamera\n",
		"sys/class/video4linux/video10/index":    "0\n",
		"sys/class/video4linux/video2/name":      "Integrated Camera: Integrated C\n",
		"sys/class/video4linux/video2/index":     "0\n",
		"sys/class/video4linux/video3/name":      "Integrated Camera: Integrated C\n",
		"sys/class/video4linux/video3/index":     "1\n", // its metadata
		"sys/class/video4linux/video4/name":      "without a device file\n",
		"sys/class/video4linux/v4l-subdev0/name": "a sensor\n",
		"dev/video2":                             "",
		"dev/video3":                             "",
		"dev/video10":                            "",
	} {
		file := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []DeviceInfo{
		{Kind: KindVideo, Spec: "camera:2", Name: "Integrated Camera: Integrated C", Default: true},
		{Kind: KindVideo, Spec: "camera:10", Name: "Second [2JCamera"},
	}
	if got := camerasUnder(root); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if got := camerasUnder(t.TempDir()); got != nil {
		t.Errorf("on a system without cameras: %v", got)
	}
}

func TestMissingCameraIsToldWithoutCompanion(t *testing.T) {
	if hasCamera(63) {
		t.Skip("there is a camera 63")
	}
	t.Setenv(companionEnv, "/nonexistent")
	_, err := OpenCamera("camera:63", PictureConfig{})
	if err == nil || !strings.Contains(err.Error(), "camera 63") {
		t.Errorf("%v, want that there is no camera 63", err)
	}
}
