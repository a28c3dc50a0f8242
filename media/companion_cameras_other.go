//go:build !linux

package media

// camerasKnown says whether listCameras knows all there are: only OpenCV does here.
const camerasKnown = false

func listCameras() []DeviceInfo { return nil }

func hasCamera(int) bool { return true }
