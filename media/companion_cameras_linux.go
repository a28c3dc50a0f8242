package media

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// camerasKnown says whether listCameras knows all there are.
const camerasKnown = true

func listCameras() []DeviceInfo { return camerasUnder("/") }

func hasCamera(n int) bool {
	_, err := os.Stat(fmt.Sprintf("/dev/video%d", n))
	return err == nil
}

// camerasUnder lists the V4L2 devices of the system whose file tree is at root,
// without opening them. A camera's further nodes, which give no picture but data
// about it, have an index above 0.
func camerasUnder(root string) []DeviceInfo {
	class := filepath.Join(root, "sys/class/video4linux")
	entries, err := os.ReadDir(class)
	if err != nil {
		return nil
	}
	var numbers []int
	for _, e := range entries {
		n, err := strconv.Atoi(strings.TrimPrefix(e.Name(), "video"))
		if err != nil || firstLine(filepath.Join(class, e.Name(), "index")) > "0" {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, "dev", e.Name())); err == nil {
			numbers = append(numbers, n)
		}
	}
	sort.Ints(numbers)
	var cameras []DeviceInfo
	for i, n := range numbers {
		name := firstLine(filepath.Join(class, fmt.Sprintf("video%d", n), "name"))
		cameras = append(cameras, DeviceInfo{Kind: KindVideo, Spec: fmt.Sprintf("camera:%d", n), Name: CleanText(name, 64), Default: i == 0})
	}
	return cameras
}

func firstLine(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return line
}
