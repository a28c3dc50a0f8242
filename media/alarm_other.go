//go:build !linux

package media

func newAlarm() alarm { return newTimerAlarm() }
