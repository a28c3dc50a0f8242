package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/media"
)

func newDevicesCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "devices",
		Short: "List cameras, microphones, views and speakers",
		Long:  "List the devices of this machine and the specs that --video, --audio, --view and --speaker take.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			devices := allDevices()
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(devices)
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, d := range devices {
				fmt.Fprintf(w, "--%s\t%s\t%s\n", d.Kind, d.Spec, describe(d))
			}
			for _, kind := range deviceKinds {
				fmt.Fprintf(w, "--%s\ttakes\t%s\n", kind, specs(kind))
			}
			return w.Flush()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

var deviceKinds = []media.Kind{media.KindVideo, media.KindAudio, media.KindView, media.KindSpeaker}

// allDevices lists what exists; never nil, so that JSON shows an empty list.
func allDevices() []media.DeviceInfo {
	devices := []media.DeviceInfo{}
	for _, kind := range deviceKinds {
		devices = append(devices, media.Devices(kind)...)
	}
	return devices
}

func describe(d media.DeviceInfo) string {
	name := media.CleanText(d.Name, 60)
	if d.Default {
		return name + " (default)"
	}
	return name
}
