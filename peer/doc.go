// Package peer is a call and a room: the only place where media meets packets,
// and where it is decided who may talk to whom. It knows nothing of the screen:
// what a person sees and types passes through a media.View and Room's Events.
//
// There is one engine. A Room owns the devices and the encoders, which run once
// whatever the number of listeners; a Link is the connection to one other
// person. A call between two is a room with one link.
//
// # Goroutines
//
// All are named routine…, so that grep lists them:
//
//	capture.go  routineCapture  camera -> newest frame
//	encode.go   routineEncode   newest frame -> encoded frame -> each link
//	voice.go    routineVoice    microphone -> packet -> each link
//	loop.go     routineLink     one a link; owns its Session, jitter buffer and
//	                            call state; takes the time once per event
//	lanes.go    routineOpenLane one a lane that is being opened
//	puzzle.go   routineSolve    one a call that has to be paid for
//	decode.go   routineDecode   one a link: encoded frame -> picture
//	show.go     routineShow     newest pictures -> scene -> view
//	listen.go   routinePlay     owns the playouts; feeds the speaker
//	accept.go   routineAccept   incoming connections -> links
//	discovery_routine.go  routineDiscover  who is on the local network; routineHear one
//	                            a socket; routineWatch changes of networks
package peer
