/** The one release of ezkl that is installed, proven with and verified; its wheels' digests: setup/ezkl-requirements.txt. */
export const ezklVersion = '23.0.5';
