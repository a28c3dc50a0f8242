//go:build !linux

package main

import "errors"

func openDemoLAN(int) (*demoLAN, error) { return nil, errors.ErrUnsupported }
