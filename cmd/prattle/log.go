package main

import (
	"fmt"
	"log/slog"
	"os"
)

// logLevels are the values of --log-level. At info, a log says what happened and
// with whom, by the first letters of a peer ID; addresses come with debug, secrets
// never.
var logLevels = []string{"info", "debug"}

// openLog appends to the file of that name.
func openLog(path, level string) (*slog.Logger, *os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("open log: %w", err)
	}
	least := slog.LevelInfo
	if level == "debug" {
		least = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: least})), f, nil
}
