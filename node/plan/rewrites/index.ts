/** Changes to a model that keep its result to the bit and cost less to prove. */
export { type AppliedRewrite, rewriteModel } from './rewrite-model.ts';
