/* SPDX-License-Identifier: Apache-2.0 */
/* The report's style sheet. Six series colours that are told apart in light, dark and most forms of
 * colour blindness (after Okabe and Ito), and always together with a mark or a dash. */
#ifndef SKEYM_REPORT_PAGE_STYLE_H
#define SKEYM_REPORT_PAGE_STYLE_H

extern const char skeym_page_style[];

#endif
