package main

// maxrssPerMB is the unit of Rusage.Maxrss: kilobytes on Linux.
const maxrssPerMB = 1024
