// libcurl, with its variadic functions in forms that Swift can use.
#include <curl/curl.h>

static inline CURLcode heights_curl_text(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode heights_curl_number(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

/// Bytes that live until the request is over. Without any, NULL would have curl read them from the standard input.
static inline CURLcode heights_curl_body(CURL *handle, const void *bytes, size_t size) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
  return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_POSTFIELDS, bytes ? bytes : "") : code;
}

static inline CURLcode heights_curl_headers(CURL *handle, struct curl_slist *headers) {
  return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}

/// Hands received bytes to `take` with `context`; what it does not take ends the request.
static inline CURLcode heights_curl_receive(
    CURL *handle, size_t (*take)(char *bytes, size_t size, size_t count, void *context), void *context) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
  return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_WRITEDATA, context) : code;
}

static inline long heights_curl_status(CURL *handle) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

/// The header Date of the answer, since 1970; -1 when there is none.
static inline time_t heights_curl_date(CURL *handle) {
  struct curl_header *date;
  return curl_easy_header(handle, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK ? curl_getdate(date->value, NULL) : -1;
}
