package media

// terminalHelp says what the terminal itself understands; the program knows more commands.
func (k KeySet) terminalHelp() []string {
	if k == KeysRoom {
		return terminalRoomHelp
	}
	return terminalCallHelp
}

var terminalCallHelp = []string{
	"Type to chat, Enter sends the line.",
	"A line that begins with / is a command:",
	"",
	"  /mute     your microphone on and off",
	"  /camera   your camera on and off",
	"  /hold     send and play nothing for a while",
	"  /verified the number above is the same on both sides",
	"  /save     keep them in your contacts, with a NAME if you like",
	"  /block    end the call, let nothing through any more",
	"  /stats    figures of the call",
	"  /help     this box",
	"  /quit     hang up",
	"",
	"Ctrl-C hangs up too. Ctrl-L redraws the screen.",
}

var terminalRoomHelp = []string{
	"Type to chat, Enter sends the line to all.",
	"A line that begins with / is a command:",
	"",
	"  /to NAME TEXT   to one person alone",
	"  /mute /camera   your microphone and camera, on and off",
	"  /hand           raise or lower your hand",
	"  /speaker        show large who speaks, or all alike",
	"  /pin NAME       show somebody large; /pin: nobody",
	"  /mute NAME      somebody's sound here, on and off",
	"  /names          who is here, and who knocks",
	"  /admit NAME     let somebody in who knocks",
	"  /stats /help    figures; this box",
	"  /quit           leave",
	"",
	"Ctrl-C leaves too. Ctrl-L redraws the screen.",
}
