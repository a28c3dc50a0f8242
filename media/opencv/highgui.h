// What gocv does not offer of OpenCV's windows. 0 means success.
#ifdef __cplusplus
extern "C" {
#endif

// Opens a window without tool bar and status bar, which may have any shape.
int openPlainWindow(const char *name);

// The size in pixels of what a window shows.
int windowImageSize(const char *name, int *width, int *height);

#ifdef __cplusplus
}
#endif
