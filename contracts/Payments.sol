// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @title Money that is taken in and owed, in the chain's coin (token zero) and in ERC-20 tokens. Nothing is pushed.
/// @dev Tokens that take a fee on transfer are refused when they are taken in. One whose balances change by themselves
/// leaves its own creditors short, and nobody else: what is owed is kept apart for each token.
abstract contract Payments is ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    event Credited(address indexed account, address indexed token, uint256 amount);
    event Withdrawn(address indexed account, address indexed token, address to, uint256 amount);

    error ValueMismatch(uint256 sent, uint256 expected);
    error TransferMismatch(address token, uint256 received, uint256 expected);
    error NothingOwed(address account, address token);

    /// @notice What an account can withdraw.
    mapping(address account => mapping(address token => uint256)) public owed;

    /// @notice Pays out all that the caller is owed in one token.
    function withdraw(address token, address to) external nonReentrant {
        uint256 amount = owed[msg.sender][token];
        if (amount == 0) revert NothingOwed(msg.sender, token);
        owed[msg.sender][token] = 0;
        emit Withdrawn(msg.sender, token, to, amount);
        if (token == address(0)) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    /// Takes exactly this amount from the caller; coins must have been sent along, and with tokens none.
    function collect(address token, uint256 amount) internal {
        if (token == address(0)) {
            if (msg.value != amount) revert ValueMismatch(msg.value, amount);
            return;
        }
        if (msg.value != 0) revert ValueMismatch(msg.value, 0);
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert TransferMismatch(token, received, amount);
    }

    function credit(address account, address token, uint256 amount) internal {
        if (amount == 0) return;
        owed[account][token] += amount;
        emit Credited(account, token, amount);
    }
}
