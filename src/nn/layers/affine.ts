import type { Generator } from '../../tensor/generator.js';
import type { Shape, Tensor, Variable } from '../../tensor/index.js';
import { type InitializerLike, parameter } from '../initializers.js';
import { type Activation, activationOf } from '../keras/activations.js';
import type { Regularizer } from '../keras/regularizers.js';
import { Layer } from '../module.js';
import { anything, boolean, type Checks, optional } from '../options.js';

/** Options of layers y = activation(x ∘ W + b). */
export interface AffineOptions {
  /** Applied to the result. Default 'linear'. */
  readonly activation?: Activation;
  /** Default true. */
  readonly useBias?: boolean;
  /** Default 'glorotUniform'. */
  readonly kernelInitializer?: InitializerLike;
  /** Default 'zeros'. */
  readonly biasInitializer?: InitializerLike;
  /** A penalty on the kernel; see `Module.penalty`. */
  readonly kernelRegularizer?: Regularizer;
  /** A penalty on the bias. */
  readonly biasRegularizer?: Regularizer;
  /** Draws the initial values. Default: a stream of its own, see `setSeed`. */
  readonly generator?: Generator;
}

/** What the options of affine layers may be. */
export const AFFINE_CHECKS: Checks<AffineOptions> = {
  activation: anything,
  useBias: optional(boolean),
  kernelInitializer: anything,
  biasInitializer: anything,
  kernelRegularizer: anything,
  biasRegularizer: anything,
  generator: anything,
};

/** What layers y = activation(x ∘ W + b) have in common, whatever the product ∘ is: parameters, and what follows it. */
export abstract class AffineLayer extends Layer {
  /** The weights W. */
  readonly kernel: Variable;
  /** The bias b, where it has one. */
  readonly bias: Variable | undefined;
  readonly #activation: (x: Tensor) => Tensor;

  protected constructor(kernelShape: Shape, outputs: number, options: AffineOptions) {
    super();
    const { activation = 'linear', useBias = true, generator } = options;
    const { kernelInitializer = 'glorotUniform', biasInitializer = 'zeros' } = options;
    const { kernelRegularizer, biasRegularizer } = options;
    this.kernel = parameter('kernel', kernelShape, kernelInitializer, generator);
    this.bias = useBias ? parameter('bias', [outputs], biasInitializer, generator) : undefined;
    this.#activation = activationOf(new.target.name, activation);
    if (kernelRegularizer !== undefined) this.addPenalty(() => kernelRegularizer(this.kernel));
    const { bias } = this;
    if (biasRegularizer !== undefined && bias !== undefined) this.addPenalty(() => biasRegularizer(bias));
  }

  /** x and the kernel as the product takes them; one in groups takes f32 always. */
  protected operands(x: Tensor, groups = 1): [x: Tensor, kernel: Tensor] {
    return groups === 1 ? [this.operand(x), this.operand(this.kernel)] : [x, this.kernel];
  }

  /** Adds the bias to the product and applies the activation. */
  protected finish(product: Tensor): Tensor {
    return this.#activation(this.bias === undefined ? product : product.add(this.bias));
  }
}
