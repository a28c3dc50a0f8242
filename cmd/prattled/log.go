package main

import (
	"io"
	"log/slog"
)

// openLog writes to w. At info, the log says what the server does; with whom, and
// their addresses, comes with debug; what is secret never.
func openLog(w io.Writer, s *settings) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if s.logLevel == "debug" {
		options.Level = slog.LevelDebug
	}
	if s.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
