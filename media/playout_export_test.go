package media

// TestVoice is testVoice for the tests that need codecs, which import this package.
var TestVoice = testVoice

// PausingVoice is pausingVoice for them.
var PausingVoice = pausingVoice
