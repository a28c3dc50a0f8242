//go:build cgo && gocv_highgui && gocv_videoio

#include "highgui.h"

#include <opencv2/highgui.hpp>

int openPlainWindow(const char *name) {
    try {
        cv::namedWindow(name, cv::WINDOW_NORMAL | cv::WINDOW_GUI_NORMAL | cv::WINDOW_FREERATIO);
        return 0;
    } catch (const cv::Exception &) {
        return -1;
    }
}

int windowImageSize(const char *name, int *width, int *height) {
    try {
        cv::Rect r = cv::getWindowImageRect(name);
        *width = r.width;
        *height = r.height;
        return 0;
    } catch (const cv::Exception &) {
        return -1;
    }
}
