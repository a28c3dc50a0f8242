//go:build !linux

package quicproto

import (
	"context"
	"errors"
)

func watchKernel(context.Context, func()) error { return errors.ErrUnsupported }
