// Package opencv is the camera and the window, through OpenCV. Only
// prattle-opencv links it; see that program for why.
//
// It is built with cgo and the tags gocv_specific_modules, gocv_highgui and
// gocv_videoio, and is empty without.
package opencv
