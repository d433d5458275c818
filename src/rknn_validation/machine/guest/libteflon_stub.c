/*
 * Stand-in for Mesa's libteflon.so: a TFLite delegate that can be found and loaded, and delegates nothing.
 */
#include <stddef.h>

const char rknn_validation_stand_in[] = "rknn-validation stand-in for libteflon.so";

void *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *))
{
	(void)keys, (void)values, (void)count, (void)report;
	return NULL;
}

void tflite_plugin_destroy_delegate(void *delegate)
{
	(void)delegate;
}
